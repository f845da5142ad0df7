"""The card of an exported model: a hub's own reader understands it, its figures are the search's, its lines run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, ModelCardData
from PIL import Image

from models.architecture import PatchKeep
from models.formats.model_card import CARD, model_card
from models.merging import merge_folder
from models.workload import TaskName
from search.spec import SearchSpec
from tests.models.formats.exports import exported

PROVENANCE: dict[str, object] = {
    "search": SearchSpec(seed=7).model_dump(mode="json"),
    "backbone_sha256": "ab" * 32,
    "versions": {"twinsieve": "1.2.3", "torch": "2.13.0"},
    "latency": "one example on the CPU, 2 thread(s), median",
    "genome": [0, 1],
    "test": {"accuracy": 0.8125, "macs": 1234567.0, "latency_ms": 3.25},
}


def written(folder: Path, **changes: Any) -> str:  # noqa: ANN401 - as `exported` takes them
    return (exported(folder, **({"provenance": PROVENANCE} | changes)) / CARD).read_text()


def front(text: str) -> ModelCardData:
    """What a hub's own reader makes of what stands in front."""
    data = ModelCard(text).data
    assert isinstance(data, ModelCardData)
    return data


def test_a_hub_reads_the_results(tmp_path: Path) -> None:
    data = front(written(tmp_path / "model"))
    assert data.library_name == "twinsieve"
    assert data.pipeline_tag == "visual-question-answering"
    assert data.eval_results is not None
    found = {each.metric_type: each.metric_value for each in data.eval_results}
    assert found == PROVENANCE["test"]
    assert {each.dataset_name for each in data.eval_results} == {"shapes"}


def test_the_text_says_what_was_measured_and_what_is_gone(tmp_path: Path) -> None:
    text = written(tmp_path / "model", dropped=(1, 4), modules=("bottleneck:4",), patches=PatchKeep(0.5, 1))
    assert "# shapes-vilt for vqa, 4 of 6 sub-layers" in text
    for row in ("| accuracy | 0.8125 |", "| macs | 1,234,567 |", "| latency\\_ms | 3.25 |", "| seed | 7 |"):
        assert row in text
    assert "| dropped | `block.0.ffn`, `block.2.msa` |" in text
    assert "| modules | `bottleneck:4` at 4 places |" in text
    assert "| patches | 50% go on after block 1 (`ipf`) |" in text
    assert "one example on the CPU" in text
    assert "coloured shapes" in text  # what is good on a toy world


def test_a_model_that_no_search_made_claims_nothing(tmp_path: Path) -> None:
    text = written(tmp_path / "model", provenance={})
    assert not front(text).eval_results
    assert "Results" not in text
    assert "accuracy" not in text


def test_a_merged_model_says_so(tmp_path: Path) -> None:
    exported(tmp_path / "model", modules=("lora:2",), provenance=PROVENANCE)
    merge_folder(tmp_path / "model", tmp_path / "merged")
    text = (tmp_path / "merged" / CARD).read_text()
    assert "before the modules were merged" in text
    assert "| modules | none |" in text
    assert front(text).eval_results


@pytest.mark.parametrize("name", ["a|b", "---\nlicense: mit", "`x` <b> **y**", "[a](javascript:b)", "\\|", "é 日本"])
def test_hostile_names_stay_names(tmp_path: Path, name: str) -> None:
    config = json.loads((exported(tmp_path / "model", provenance=PROVENANCE) / "config.json").read_text())
    config["provenance"]["search"] |= {"name": name, "data": name, "backbone": name}
    config["provenance"]["versions"] = {name: name}
    text = model_card(config)
    data = front(text)
    assert data.license is None
    assert data.model_name == name
    assert data.eval_results is not None
    assert data.eval_results[0].dataset_name == name
    body = re.sub(r"`[^`\n]*`", "", text.split("\n---\n", 1)[1])  # what is not code
    assert not re.search(r"(?<!\\)<b>|(?<!\\)\]\(|(?<!\\)\*\*", body)
    assert "\n---\nlicense" not in body
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {3}


@pytest.mark.parametrize("task", [TaskName.VQA, TaskName.NLVR2, TaskName.RETRIEVAL])
def test_the_lines_in_it_run(
    tmp_path: Path, task: TaskName, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (exported(tmp_path / "model", task=task) / CARD).read_text()
    monkeypatch.chdir(tmp_path / "model")
    for name in ("picture.png", "left.png", "right.png"):
        Image.new("RGB", (48, 48), "red").save(name)
    lines = text.split("```python\n")[1].split("```")[0]
    exec(lines, {})
    assert re.search(r"^\S.* [01]\.\d+", capsys.readouterr().out)
