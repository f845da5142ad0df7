"""Candidates and searches as data frames, and what is said where pandas is not installed."""

import sys

import pandas
import pytest

import twinsieve
from service.api.services import Services
from tests.service.asking import SPEC
from tests.twinsieve.made import WINNER, succeeded
from twinsieve.client import Client
from twinsieve.errors import MissingPackageError


def test_a_line_for_each_candidate(client: Client, services: Services) -> None:
    search = client.submit(SPEC)
    succeeded(services, candidates=6)
    frame = search.to_frame()
    assert list(frame.index) == [*range(7)]
    assert list(frame.columns[:4]) == ["fidelity", "accuracy", "macs", "parameters"]
    assert frame.loc[0, "genome"] == WINNER
    assert frame.loc[4, "failure"] == "diverged"
    assert pandas.isna(frame.loc[4, "accuracy"])
    assert frame["accuracy"].max() == 0.75
    assert frame["asked_at"].iloc[0].tzinfo is not None
    assert list(search.to_frame(fidelity=["final"]).index) == [6]
    assert list(search.front().to_frame()["accuracy"]) == [0.75]


def test_columns_are_there_even_where_nothing_is(client: Client) -> None:
    frame = client.submit(SPEC).to_frame()
    assert (len(frame), frame.index.name, list(frame.columns)) == (0, "index", ["fidelity", "accuracy", "macs"])
    assert twinsieve.to_frame([]).empty


def test_searches(client: Client) -> None:
    ids = {client.submit(SPEC, name=name).id for name in ("one", "two")}
    frame = twinsieve.to_frame(client.searches())
    assert set(frame.index) == ids
    assert set(frame["name"]) == {"one", "two"}


def test_without_pandas(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    search = client.submit(SPEC)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match="pip install pandas") as found:
        search.to_frame()
    assert isinstance(found.value, ImportError)
    assert search.refresh().status == "queued"
