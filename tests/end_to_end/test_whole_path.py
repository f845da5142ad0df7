"""From a request to a slim model, over REST and on the command line, with real workers."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from models.slim import load_slim
from search.contracts import Fidelity
from tests.end_to_end.conftest import CANDIDATES, SPEC, Finished
from tests.end_to_end.service import Service

QUESTION = "what color is the circle ?"


def assert_well(done: subprocess.CompletedProcess[str], *expected: str) -> None:
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for part in expected:
        assert part in done.stdout


def test_states_and_result(undisturbed: Finished) -> None:
    order = ["queued", "running", "succeeded"]
    assert [status for status in order if status in undisturbed.statuses] == undisturbed.statuses
    view = undisturbed.view
    assert view["started_at"] <= view["finished_at"]
    progress, counts = view["progress"], {"proxy": 12, "audit": 2, "final": 3, "plain": 1, "test": 3}
    assert {stage: each["told"] for stage, each in progress.pop("stages").items()} == counts
    assert progress == {
        "told": 12,
        "budget": 12,
        "failures": 0,
        "finals": 3,
        "finals_budget": 3,
        "probe": None,
        "reused": 0,
    }
    assert (view["error"], view["eta_seconds"], view["queue_position"]) == (None, None, None)
    assert 0 < view["utilisation"] <= 1
    assert view["fidelity"]["costs"]["audit"]["candidates"] == 2
    assert "proxy (30 steps)" in view["fidelity"]["summary"]


def test_candidates_and_front(undisturbed: Finished, service: Service) -> None:
    path = f"/searches/{undisturbed.id}"
    rows = service.request("GET", f"{path}/candidates", params={"limit": 200}).json()["items"]
    assert [row["index"] for row in rows] == list(range(CANDIDATES))
    assert all(row["failure"] is None and 0 <= row["measurement"]["accuracy"] <= 1 for row in rows)
    plain = next(row for row in rows if row["fidelity"] == Fidelity.PLAIN)
    full = next(row for row in rows if row["fidelity"] == Fidelity.FINAL)
    proxies = [row for row in rows if row["fidelity"] == Fidelity.PROXY]
    assert plain["genome"] == full["genome"] == [1] * 6
    assert all(row["measurement"]["macs"] <= 0.9 * full["measurement"]["macs"] for row in proxies)
    best = max(proxies, key=lambda row: row["measurement"]["accuracy"])
    front = service.request("GET", f"{path}/front").json()
    assert [row["measurement"]["accuracy"] for row in front] == [best["measurement"]["accuracy"]]
    assert rows[undisturbed.view["chosen"]]["fidelity"] == Fidelity.FINAL


def test_the_model_of_the_zip_answers(undisturbed: Finished, service: Service, tmp_path: Path) -> None:
    answer = service.request("GET", f"/searches/{undisturbed.id}/model")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "model")
    model = load_slim(tmp_path / "model")
    rows = service.history(undisturbed.id)
    chosen = rows[undisturbed.view["chosen"]].candidate
    assert model.architecture.kept == sum(chosen.genome)
    answers = model.answer(Image.new("RGB", (60, 40), "red"), QUESTION)
    assert sum(score > 0 for _, score in answers) == len(answers) > 1


def test_the_command_line(undisturbed: Finished, service: Service, tmp_path: Path) -> None:
    search_id, folder, picture = undisturbed.id, tmp_path / "out" / "model", tmp_path / "red.png"
    Image.new("RGB", (60, 40), "red").save(picture)
    assert_well(service.cli("ls"), search_id, "12 / 12", "succeeded")
    assert_well(service.cli("watch", search_id), "succeeded", "3 / 3 fine-tuned", "proxy 12 (", "proxy (30 steps)")
    assert_well(service.cli("show", search_id), "winner", "no-skip adapters", "backbone as it came", "msa  ")
    assert_well(service.cli("export", search_id, folder), str(folder))
    assert_well(service.cli("predict", folder, "--image", picture, "--question", QUESTION, "--top", 3), "score")


def test_a_torn_checkpoint_ends_the_search_with_its_name(service: Service, tmp_path: Path) -> None:
    """A 4xx would have to read every weight file at every request; the search says it instead, and scores nothing."""
    file = tmp_path / "spec.yaml"
    file.write_text(str(SPEC | {"backbone": "torn"}))
    done = service.cli("submit", file, "--set", "name=torn", "--watch")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    search_id = done.stdout.split()[0]
    view = service.view(search_id)
    assert view["status"] == "failed"
    assert "torn/model.safetensors is torn or no safetensors file" in view["error"]
    assert view["error"] in done.stdout
    assert all(each.seconds is None for each in service.history(search_id))
    assert service.request("GET", f"/searches/{search_id}/model").status_code == 409


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"surprise": 1}, 422, "surprise"),
        ({"budget": {"candidates": 12, "macs": 1}}, 422, "raise budget.macs"),
        ({"backbone": "nowhere"}, 422, "no backbone 'nowhere'; registered: shapes-vilt, shapes-meter, tiny, torn"),
        ({"data": "nothing"}, 422, "no data set 'nothing'; registered: shapes, shapes-small, shapes-tiny"),
        ({"algorithm": {"name": "genetic", "population": 1_000_000}}, 422, "less than or equal to 1000"),
        ({"backbone": "../../etc/passwd"}, 422, "backbone"),
        (b"{" + b" " * 65 * 1024 + b"}", 413, "more than 65536 bytes"),
        (b'{"backbone": "tiny"', 422, "Invalid JSON"),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_nothing_starts(
    service: Service, body: dict[str, object] | bytes, status: int, expected: str
) -> None:
    before = service.request("GET", "/searches").json()
    if isinstance(body, bytes):
        answer = service.request("POST", "/searches", content=body)
    else:
        answer = service.request("POST", "/searches", json=SPEC | body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert expected in answer.text
    assert {"type", "title", "status", "detail"} <= set(answer.json())
    after = service.request("GET", "/searches").json()
    assert [each["id"] for each in after["items"]] == [each["id"] for each in before["items"]]


@pytest.mark.parametrize("change", ["surprise=1", "data=nothing", "budget.macs=1", "algorithm.population=1000000"])
def test_bad_input_on_the_command_line(service: Service, tmp_path: Path, change: str) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(str({**SPEC, "budget": {"candidates": 12}}))
    done = service.cli("submit", file, "--set", change)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert change.partition("=")[0].partition(".")[0] in done.stderr
    assert "Traceback" not in done.stderr
