"""What a search looks like while one look at the backbone, or a budget, decides about it."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from models.foreground.boxes_file import write_boxes
from models.foreground.cost import ForegroundCost, write_cost
from search.contracts import Candidate, Fidelity
from search.spec import parse_spec
from service.api.estimate import Plan
from service.api.services import Services
from service.domain.records import Lease
from tests.service.asking import FULL, measured, running, submitted
from tests.service.serving import CONFIG, write_backbone


def test_a_look_at_the_backbone_is_work_in_progress(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, algorithm={"name": "das"}, space={"granularity": "layer"})
    path = f"/v1/searches/{lease.search_id}"
    before = api.get(path).json()["progress"]
    assert (before["budget"], before["finals_budget"], before["probe"]) == (0, 2, None)
    services.store.candidates.record_ask(lease, Candidate(0, FULL[:4], Fidelity.PROBE), 0)
    assert api.get(path).json()["progress"]["probe"] is False
    found = {f"gene.{gene}": gene / 10 for gene in range(4)} | {"seconds": 5.0}
    services.store.candidates.record_tell(lease, 0, found, 5.0)
    view = api.get(path).json()
    assert view["progress"]["probe"] is True
    assert (view["best"], view["front_size"], view["eta_seconds"]) == (None, 0, None)
    row = api.get(f"{path}/candidates").json()["items"][0]
    assert (row["fidelity"], row["measurement"], row["architecture"]["patches"]) == ("probe", found, None)
    for index in (1, 2):  # the first final says how long the other takes
        services.store.candidates.record_ask(lease, Candidate(index, (index % 2,) * 4, Fidelity.FINAL), 1)
    services.store.candidates.record_tell(lease, 1, {"accuracy": 0.5, "macs": 1.0}, 8.0)
    assert api.get(path).json()["eta_seconds"] == pytest.approx(8.0 / 2)


def test_a_plan_of_finals_alone(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, algorithm={"name": "no-skip"})
    progress = api.get(f"/v1/searches/{lease.search_id}").json()["progress"]
    assert (progress["budget"], progress["finals_budget"], progress["probe"]) == (0, 1, None)
    assert api.get("/v1/searches").json()["items"][0]["budget"] == 0


def test_only_what_is_within_the_budget_is_named(api: httpx.Client, services: Services, tmp_path: Path) -> None:
    """Greedy elimination starts above it; where the backbone has gone, nobody knows the budget any more."""
    lease = running(api, services.store, algorithm={"name": "greedy"}, budget={"candidates": 8, "macs": 700_000})
    values = [(0.9, 900_000.0), (0.6, 700_000.0), (0.7, 700_001.0), (0.5, 400_000.0)]
    measured(services.store, lease, [{"accuracy": accuracy, "macs": macs} for accuracy, macs in values])
    path = f"/v1/searches/{lease.search_id}"
    assert api.get(path).json()["best"]["index"] == 1
    assert [each["index"] for each in api.get(f"{path}/front").json()] == [1]
    (tmp_path / "backbones" / "tiny" / "config.json").unlink()
    assert [each["index"] for each in api.get(f"{path}/front").json()] == [0]


def test_a_budget_that_no_float_holds_is_refused(api: httpx.Client) -> None:
    answer = api.post("/v1/searches", json={"backbone": "tiny", "budget": {"macs": 10**400}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "budget.macs"


def test_every_gene_has_a_name(api: httpx.Client) -> None:
    space = {"granularity": "attention", "patch_ratios": [1.0, 0.5], "modules": ["bottleneck:8", "none"]}
    view = api.get(f"/v1/searches/{submitted(api, space=space)}").json()
    assert view["genes"] == [*(f"block.{block}.msa" for block in range(4)), "patch_ratios", "modules"]


def test_a_backbone_of_other_sizes_under_the_same_name_breaks_no_view(
    api: httpx.Client, services: Services, tmp_path: Path
) -> None:
    lease = running(api, services.store)
    measured(services.store, lease, [{"accuracy": 0.9, "macs": 1.0}])
    (tmp_path / "backbones" / "tiny" / "config.json").unlink()
    (tmp_path / "backbones" / "tiny").rmdir()
    write_backbone(tmp_path / "backbones", config=replace(CONFIG, blocks=3))
    for path in ("", "/candidates", "/front"):
        assert api.get(f"/v1/searches/{lease.search_id}{path}").status_code == 200
    assert api.get(f"/v1/searches/{lease.search_id}").json()["best"]["architecture"] is None


def test_what_a_spec_may_name_is_listed(api: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "data" / "vqav2").mkdir(parents=True)
    (tmp_path / "foregrounds" / "yolos").mkdir(parents=True)
    (tmp_path / "foregrounds" / "yolos" / "config.json").write_text("{}")
    found = {each["name"]: each["embedded"] for each in api.get("/v1/data").json()}
    assert found == {"shapes": True, "shapes-small": True, "shapes-tiny": True, "vqav2": False}
    foregrounds = {each["name"]: each for each in api.get("/v1/foregrounds").json()}
    assert list(foregrounds) == ["none", "saliency", "yolos"]
    assert foregrounds["saliency"]["macs"] == foregrounds["saliency"]["parameters"] == 0
    assert "twinsieve patches cost yolos" in foregrounds["yolos"]["error"]
    write_cost(tmp_path / "foregrounds" / "yolos", ForegroundCost(9, 7), height=480, width=640)
    assert [each["macs"] for each in api.get("/v1/foregrounds").json()] == [0, 0, 9]


def test_what_is_registered_can_still_be_refused(api: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "data" / "empty").mkdir(parents=True)
    for change, expected in (
        ({"data": "empty"}, "is read with a backbone's tokenizer.json; 'tiny' has none"),
        ({"data": "empty", "task": "nlvr2"}, "has no data for nlvr2"),
    ):
        answer = api.post("/v1/searches", json={"backbone": "tiny"} | change)
        assert answer.status_code == 422
        assert expected in answer.json()["detail"]
        (tmp_path / "backbones" / "tiny" / "tokenizer.json").write_text("{}")


def test_a_provider_that_looks_is_part_of_every_total(api: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "foregrounds" / "found").mkdir(parents=True)
    file = tmp_path / "foregrounds" / "found" / "boxes.json"
    write_boxes(file, {}, macs=10_000_000_000)
    space = {"foreground": "found", "patch_ratios": [0.5]}
    body = {"backbone": "tiny", "space": space, "budget": {"candidates": 84, "macs": 9_000_000_000}}
    answer = api.post("/v1/searches", json=body)
    assert answer.status_code == 422
    assert "the cheapest chromosome has 10,000," in answer.json()["detail"]
    write_boxes(file, {}, macs=1_000_000_000)
    assert api.post("/v1/searches", json=body).status_code == 201


STAGES = {
    "fidelity": {"warm_steps": 5, "screen": 2, "rungs": [4], "audit": 4, "audit_steps": 80},
    "proxy": {"steps": 40},
    "final": {"finalists": 1, "steps": 80},
    "budget": {"candidates": 6},
}


def told(services: Services, lease: Lease, fidelity: Fidelity, seconds: list[float]) -> None:
    """Candidates of one fidelity, asked and told one after the other."""
    store, before = services.store.candidates, services.store.candidates.history(lease.search_id)
    for number, each in enumerate(seconds):
        index, genome = len(before) + number, tuple(number >> bit & 1 for bit in range(8))
        store.record_ask(lease, Candidate(index, genome, fidelity), index)
        store.record_tell(lease, index, {"accuracy": 0.9, "macs": 1.0, "seconds": each}, each)


def test_each_stage_is_counted_for_itself(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, workers=2, **STAGES)
    path = f"/v1/searches/{lease.search_id}"
    told(services, lease, Fidelity.WARM, [30.0])
    told(services, lease, Fidelity.SCREEN, [0.5] * 8)
    told(services, lease, Fidelity.RUNG_1, [1.0] * 4)
    before = api.get(path).json()
    assert (before["progress"]["told"], before["best"], before["eta_seconds"]) == (0, None, None)
    told(services, lease, Fidelity.PROXY, [3.0, 5.0])
    view = api.get(path).json()
    assert (view["progress"]["told"], view["progress"]["budget"]) == (2, 6)
    assert list(view["progress"]["stages"]) == ["warm", "screen", "rung-1", "proxy"]
    assert view["progress"]["stages"]["screen"] == {"asked": 8, "told": 8, "failed": 0, "reused": 0, "seconds": 4.0}
    # 4 proxies to go, each with 4 s, four screens of 0.5 s and two rungs of 1 s; 4 audits and 2 finals of twice the
    # steps
    assert view["eta_seconds"] == pytest.approx((4 * (4 + 4) + 4 * 8 + 2 * 8) / 2)
    assert api.get("/v1/searches").json()["items"][0]["told"] == 2
    services.store.searches.resize(lease.search_id, 4)
    assert api.get(path).json()["eta_seconds"] == pytest.approx(view["eta_seconds"] / 2)


def test_a_batch_on_its_way_is_not_counted_twice(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, workers=1, **STAGES)
    told(services, lease, Fidelity.SCREEN, [0.5] * 16)  # for 4 of the 6 proxies, of which one was told
    told(services, lease, Fidelity.RUNG_1, [1.0] * 8)
    told(services, lease, Fidelity.PROXY, [4.0])
    view = api.get(f"/v1/searches/{lease.search_id}").json()
    assert view["eta_seconds"] == pytest.approx(5 * 4 + 8 * 0.5 + 4 * 1 + 4 * 8 + 2 * 8)


@pytest.mark.parametrize(
    ("proxies", "stages", "expected"),
    [
        (3, {}, 0),  # too few proxies to audit any
        (4, {}, 4),
        (20, {}, 12),
        (4, {"warm_steps": 1, "screen": 2}, 8),  # half of them stop at the screen
        (4, {"rungs": [2], "keep": 0.4}, 10),
        (4, {"rungs": [2, 4], "keep": 0.5}, 12),
    ],
)
def test_what_stopped_is_audited_too(proxies: int, stages: dict[str, object], expected: int) -> None:
    spec = parse_spec({"budget": {"candidates": proxies}, "algorithm": {"name": "random"}, "fidelity": stages})
    assert Plan.of(spec.model_dump(mode="json")).audits == expected


def test_a_search_that_stopped_early_has_only_later_stages_left(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, workers=1, **STAGES)
    path = f"/v1/searches/{lease.search_id}"
    told(services, lease, Fidelity.PROXY, [4.0, 4.0])
    told(services, lease, Fidelity.AUDIT, [10.0])
    assert api.get(path).json()["eta_seconds"] == pytest.approx(3 * 10 + 2 * 8)
    told(services, lease, Fidelity.FINAL, [7.0])
    assert api.get(path).json()["eta_seconds"] == pytest.approx(7)


def test_what_was_taken_over_says_nothing_about_speed(api: httpx.Client, services: Services) -> None:
    lease = running(api, services.store, workers=1, **(STAGES | {"fidelity": {"audit": 0}}))
    told(services, lease, Fidelity.PROXY, [4.0])
    store = services.store.candidates
    store.record_ask(lease, Candidate(1, FULL), 1)
    store.record_tell(lease, 1, {"accuracy": 0.5, "macs": 1.0}, 0.0, reused_from="0" * 26)
    view = api.get(f"/v1/searches/{lease.search_id}").json()
    assert (view["progress"]["reused"], view["progress"]["stages"]["proxy"]["reused"]) == (1, 1)
    assert view["eta_seconds"] == pytest.approx(4 * 4 + 2 * 8)
    rows = api.get(f"/v1/searches/{lease.search_id}/candidates").json()["items"]
    assert [row["reused_from"] for row in rows] == [None, "0" * 26]
