"""What the package promises: that it is light, that its names are there, and that it knows what the API says."""

import pickle
import subprocess
import sys

import pytest
from pydantic import BaseModel

import twinsieve
from service.api.schemas import CandidateView, ProgressView, SearchSummary, SearchView, StageView
from twinsieve.candidate import Candidate
from twinsieve.errors import (
    BY_STATUS,
    FieldProblem,
    Problem,
    ProblemError,
    SearchEndedError,
    TwinsieveError,
    UnavailableError,
    problem_error,
)
from twinsieve.search_state import Progress, SearchState, Stage
from twinsieve.search_state import SearchSummary as Summary

HEAVY = ("torch", "ray", "workers", "models", "search", "service", "sqlalchemy", "fastapi", "pandas", "yaml")


def test_it_loads_nothing_heavy() -> None:
    script = (
        "import sys, twinsieve; twinsieve.load; twinsieve.AsyncClient; twinsieve.Client(); twinsieve.to_frame; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_it_loads_nothing_of_it() -> None:
    script = "import sys, twinsieve; print([name for name in sys.modules if name.startswith(('twinsieve.', 'httpx'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_is_there() -> None:
    for name in twinsieve.__all__:
        assert getattr(twinsieve, name) is not None
    assert dir(twinsieve) == twinsieve.__all__
    with pytest.raises(AttributeError, match="has no attribute 'Clinet'; it has AsyncClient"):
        _ = twinsieve.Clinet


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Candidate, CandidateView),
        (Summary, SearchSummary),
        (SearchState, SearchView),
        (Progress, ProgressView),
        (Stage, StageView),
    ],
)
def test_the_api_writes_what_is_read(ours: type[BaseModel], theirs: type[BaseModel]) -> None:
    assert set(ours.model_fields) - set(theirs.model_fields) == set()


class TestErrors:
    @pytest.mark.parametrize(("status", "kind"), [*BY_STATUS.items(), (418, ProblemError), (507, UnavailableError)])
    def test_each_status_has_its_kind(self, status: int, kind: type[ProblemError]) -> None:
        found = problem_error(Problem(status=status, title="Title", detail="what to do"))
        assert type(found) is kind
        assert isinstance(found, TwinsieveError)
        assert (found.status, found.title, found.detail, found.fields) == (status, "Title", "what to do", ())

    def test_fields_stand_below_the_detail(self) -> None:
        fields = (FieldProblem("seed", "must be a number", "'x'"),)
        error = problem_error(Problem(status=422, title="", detail="see errors", fields=fields))
        assert str(error) == "see errors\n  seed: must be a number (got 'x')"

    def test_they_come_back_from_other_processes(self) -> None:
        for error in (problem_error(Problem(status=404, title="", detail="gone")), SearchEndedError("over", "failed")):
            again = pickle.loads(pickle.dumps(error))
            assert (type(again), str(again), again.status) == (type(error), str(error), error.status)
