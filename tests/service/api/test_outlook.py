"""POST /v1/estimate: what a spec would ask for, and why it would be refused."""

import itertools
from typing import Any

import httpx
import pytest

from models.registry import BackboneRegistry
from search.build import build_space, macs_budget
from search.spec import SearchSpec, parse_spec
from service.api.services import Services
from tests.service.asking import SPEC


def outlook(api: httpx.Client, spec: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/v1/estimate", json=spec)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_default_in_context(api: httpx.Client) -> None:
    spec = SearchSpec()
    space = build_space(spec, BackboneRegistry().get(spec.backbone))
    found = outlook(api, {})
    assert found["spec"] == spec.model_dump(mode="json")
    assert found["refused"] is None
    assert found["genes"] == len(space.sizes) == 24
    assert found["chromosomes_log10"] == pytest.approx(24 * 0.30103, abs=1e-4)
    macs = found["macs"]
    assert (macs["full"], macs["cheapest"]) == (space.macs(space.full), space.min_macs())
    assert macs["bound"] == macs_budget(spec, space)
    assert macs["cheapest"] < macs["bound"] < macs["backbone"] < macs["full"]
    assert found["parameters"] == space.parameters(space.full)
    assert (found["proxies"], found["audits"], found["finals"]) == (84, 12, 4)


def test_as_many_drops_as_needed(api: httpx.Client) -> None:
    """Held against the costs of real chromosomes: as many as `most` of the cheapest layers, or `fewest` dear ones."""
    found = outlook(api, {"budget": {"macs_ratio": 0.6}})
    spec = parse_spec({"budget": {"macs_ratio": 0.6}})
    space = build_space(spec, BackboneRegistry().get(spec.backbone))
    savings = [layer["saves"] for layer in found["layers"]]
    by_saving = sorted(range(len(savings)), key=lambda gene: savings[gene])

    def cost(dropped: list[int]) -> int:
        return space.macs(tuple(int(gene not in dropped) for gene in range(len(savings))))

    for order, count in ((by_saving, found["drops"]["most"]), (by_saving[::-1], found["drops"]["fewest"])):
        assert cost(order[:count]) <= found["macs"]["bound"] < cost(order[: count - 1])
    assert 0 < found["drops"]["fewest"] < found["drops"]["most"] < 24


def test_layers_by_name_and_saving(api: httpx.Client) -> None:
    layers = outlook(api, {"backbone": "tiny", "budget": {"candidates": 8}, "algorithm": {"name": "random"}})["layers"]
    kinds = itertools.product(range(4), ("msa", "ffn"))
    assert [layer["name"] for layer in layers] == [f"block.{block}.{kind}" for block, kind in kinds]
    assert all(layer["saves"] > 0 for layer in layers)


def test_without_a_bound(api: httpx.Client) -> None:
    found = outlook(api, {"budget": {"macs_ratio": None}})
    assert found["macs"]["bound"] is None
    assert found["drops"] == {"fewest": 0, "most": 0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"budget": {"candidates": 8, "macs": 1}}, "raise budget.macs"),
        ({"budget": {"candidates": 300, "macs_ratio": 0.9}}, "lower budget.candidates"),
    ],
)
def test_what_would_be_refused_is_still_put_in_context(api: httpx.Client, change: dict[str, Any], says: str) -> None:
    found = outlook(api, SPEC | change)
    assert says in found["refused"]
    submitted = api.post("/v1/searches", json=SPEC | change).json()
    assert submitted["detail"] == found["refused"]


def test_a_bound_that_dropping_alone_does_not_keep(api: httpx.Client) -> None:
    assert outlook(api, SPEC | {"budget": {"candidates": 8, "macs": 1}})["drops"] is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"backbone": "unknown"}, "backbone: no backbone 'unknown'"),
        ({"data": "nothing"}, "no data set 'nothing'"),
        ({"space": {"foreground": "nobody"}}, "no foreground 'nobody'"),
        ({"space": {"stacks": ["text"]}}, "space.stacks: the backbone has no stack 'text'"),
    ],
)
def test_of_the_unknown_there_is_nothing_to_say(api: httpx.Client, change: dict[str, Any], says: str) -> None:
    answer = api.post("/v1/estimate", json=SPEC | change)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_wrong_fields_are_named(api: httpx.Client) -> None:
    answer = api.post("/v1/estimate", json={"budget": {"candidates": "many"}, "surprise": 1})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"budget.candidates", "surprise"}


def test_nothing_is_queued(api: httpx.Client, services: Services) -> None:
    outlook(api, SPEC)
    assert services.store.searches.page() == []
