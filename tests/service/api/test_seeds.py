"""A search that starts with what another one found, over REST and from the command line."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from search.contracts import Candidate, Fidelity
from search.spec import parse_spec
from service.api.seeds import SEEDS
from service.api.services import Services
from service.domain.records import Status
from tests.service.asking import SPEC, measured, running
from tests.service.commands import Cli, assert_mistake
from tests.service.serving import CONFIG, serving, write_backbone

WITHOUT_BOUND = {"budget": {"candidates": 8, "macs_ratio": None}}


def ended(api: httpx.Client, services: Services, values: list[dict[str, float] | str], **changes: object) -> str:
    """A search that measured `values` and ended."""
    lease = running(api, services.store, **(WITHOUT_BOUND | changes))
    measured(services.store, lease, values)
    services.store.leases.finish(lease, Status.FAILED, error="it ended")
    return lease.search_id


def scored(*accuracies: float) -> list[dict[str, float] | str]:
    return [{"accuracy": accuracy, "macs": 1.0} for accuracy in accuracies]


def genome(index: int) -> list[int]:
    """As `asking.measured` makes them."""
    return [index >> bit & 1 for bit in range(8)]


def test_the_best_stand_in_the_spec(api: httpx.Client, services: Services) -> None:
    found = ended(api, services, [*scored(0.1, 0.9, 0.5), "diverged"])
    first = [genome(1), genome(200)]
    answer = api.post(f"/v1/searches?seeds_from={found}", json=SPEC | {"first": first})
    assert answer.status_code == 201
    assert answer.json()["spec"]["first"] == [genome(1), genome(200), genome(2)]
    stored = parse_spec(services.store.searches.get(answer.json()["id"]).spec)
    assert stored.first == tuple(map(tuple, answer.json()["spec"]["first"]))
    assert stored == parse_spec(SPEC | {"first": [*first, genome(2)]})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 3),
        ({"algorithm": {"name": "steady", "population": 8}}, 7),
        ({"algorithm": {"name": "genetic", "population": 20}}, SEEDS),
        ({"algorithm": {"name": "nsga2", "population": 4}, "objectives": ["accuracy", "macs"]}, 2),
        ({"first": [genome(200)]}, 2),
        ({"first": [genome(200), genome(201), genome(202)]}, 0),
    ],
)
def test_as_many_as_there_is_room_for(
    api: httpx.Client, services: Services, changes: dict[str, object], expected: int
) -> None:
    found = ended(api, services, scored(*(index / 100 for index in range(20))))
    body = SPEC | {"budget": {"candidates": 20}} | changes
    answer = api.post(f"/v1/searches?seeds_from={found}", json=body)
    assert answer.status_code == 201, answer.text
    stored = parse_spec(services.store.searches.get(answer.json()["id"]).spec)
    given = parse_spec(body).first
    assert stored.first == (*given, *(tuple(genome(index)) for index in range(19, 19 - expected, -1)))


@pytest.mark.parametrize("name", ["random", "greedy", "das", "ranked", "no-skip"])
def test_an_algorithm_without_a_first_generation_takes_none(api: httpx.Client, services: Services, name: str) -> None:
    found = ended(api, services, scored(0.5))
    space = {"granularity": "layer"} if name == "das" else {}
    body = SPEC | {"algorithm": {"name": name}, "space": space}
    answer = api.post(f"/v1/searches?seeds_from={found}", json=body)
    assert answer.status_code == 422
    assert f"'{name}' has no first generation" in answer.json()["detail"]


def test_the_front_of_several_objectives(api: httpx.Client, services: Services) -> None:
    values: list[dict[str, float] | str] = [
        {"accuracy": accuracy, "macs": macs} for accuracy, macs in ((0.5, 5.0), (0.9, 9.0), (0.4, 6.0))
    ]
    several = {"objectives": ["accuracy", "macs"], "algorithm": {"name": "nsga2", "population": 4}}
    found = ended(api, services, values, **several)
    assert api.post(f"/v1/searches?seeds_from={found}", json=SPEC).json()["spec"]["first"] == [genome(1), genome(0)]


def test_a_search_without_proxies_gives_its_finals(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, algorithm={"name": "ranked", "score": "residual"})
    services.store.candidates.record_ask(lease, Candidate(0, tuple(genome(3)), Fidelity.FINAL), 0)
    services.store.candidates.record_tell(lease, 0, {"accuracy": 0.5, "macs": 1.0})
    services.store.leases.finish(lease, Status.SUCCEEDED)
    answer = api.post(f"/v1/searches?seeds_from={lease.search_id}", json=SPEC)
    assert answer.json()["spec"]["first"] == [genome(3)]


def test_what_cannot_seed(api: httpx.Client, services: Services) -> None:
    before = ended(api, services, scored(0.5))
    nothing = ended(api, services, ["diverged"])
    busy = running(api, services.store).search_id
    wider = SPEC | {"space": {"granularity": "layer"}}
    other = SPEC | {"space": {"dropped": "identity"}}  # as many genes, which mean something else
    renamed = SPEC | {"backbone": "shapes-vilt"}
    for seeds, body, status, expected in (
        ("0" * 26, SPEC, 404, "no search"),
        (busy, SPEC, 409, "status running"),
        (nothing, SPEC, 422, "measured no candidate"),
        (before, wider, 422, f"space.granularity 'layer', as this spec has; search {before} has 'sub-layer'"),
        (before, other, 422, "space.dropped 'identity', as this spec has"),
        (before, renamed, 422, f"backbone 'shapes-vilt', as this spec has; search {before} has 'tiny'"),
    ):
        count = len(services.store.searches.page())
        answer = api.post(f"/v1/searches?seeds_from={seeds}", json=body)
        assert (answer.status_code, expected in answer.json()["detail"]) == (status, True), answer.text
        assert len(services.store.searches.page()) == count


def test_a_backbone_of_other_sizes_under_the_same_name(api: httpx.Client, services: Services, tmp_path: Path) -> None:
    found = ended(api, services, scored(0.5))
    (tmp_path / "backbones" / "tiny" / "config.json").unlink()
    (tmp_path / "backbones" / "tiny").rmdir()
    write_backbone(tmp_path / "backbones", config=replace(CONFIG, blocks=3))
    answer = api.post(f"/v1/searches?seeds_from={found}", json=SPEC)
    assert answer.status_code == 422
    assert "genome has 8 genes; space has 6" in answer.json()["detail"]


def test_from_the_command_line(
    api: httpx.Client, services: Services, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = ended(api, services, scored(*(index / 100 for index in range(20))))
    file = tmp_path / "spec.yaml"
    file.write_text("{backbone: tiny}")
    with serving(services) as address:
        monkeypatch.setenv("TWINSIEVE_SERVER", address)
        done = cli("submit", file, "--seeds-from", found)
        assert done.code == 0
        stored = parse_spec(services.store.searches.get(done.out.split()[0]).spec)
        assert stored.first == tuple(tuple(genome(index)) for index in range(19, 12, -1))
        assert_mistake(cli("submit", file, "--seeds-from", "x"), "no search 'x'")
