"""MULTIFLOW's numbers are those of its published code, and a changed number shows."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.parity.multiflow import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "multiflow"
LAYERS = 2 * 3 + 2 * 6
PER_LAYER = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "multiflow"))


def change_tensors(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    file = folder / "three_modalities_s63.safetensors"
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_every_number_is_the_published_codes() -> None:
    comparisons = list(compare(FIXTURES))
    assert len(comparisons) == LAYERS * PER_LAYER
    assert len({each.name for each in comparisons}) == len(comparisons)
    assert [each for each in comparisons if not each.within] == []


@pytest.mark.parametrize(
    ("part", "shown_by"),
    [
        ("", "score"),
        (".input.1", "mean_square_input"),
        (".mean_square_input", "mean_square_input"),
        (".score", "score"),
        (".mask", "mask"),
    ],
)
def test_one_changed_number_shows(folder: Path, part: str, shown_by: str) -> None:
    layer = "text_encoder.bert.encoder.layer.7.fc.weight"

    def change(tensors: dict[str, Tensor]) -> None:
        numbers = tensors[layer + part].flatten()
        numbers[0] = 1 - numbers[0] if part == ".mask" else numbers[0] + 1

    change_tensors(folder, change)
    assert any(each.name.endswith(f"{layer}.{shown_by}") for each in compare(folder) if not each.within)


def test_padding_that_is_counted_shows(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors["batch.0.attention_mask"].fill_(1))
    assert not all(each.within for each in compare(folder))


@pytest.mark.parametrize("key", ["layer_sparsity", "k_used", "k_exact", "zeros_in_mask", "numel", "samples"])
def test_one_changed_value_shows(folder: Path, key: str) -> None:
    def change(config: dict[str, Any]) -> None:
        next(iter(config["runs"][0]["layers"].values()))[key] += 1

    change_config(folder, change)
    assert [each.name.rpartition(".")[2] for each in compare(folder) if not each.within] == [key]


def test_what_is_missing_is_named(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.pop("batch.0.attention_mask"))
    with pytest.raises(ValueError, match=r"'batch\.0\.attention_mask' is missing"):
        list(compare(folder))


def test_a_layer_that_nothing_would_be_compared_with(folder: Path) -> None:
    change_config(folder, lambda config: config["runs"][0]["layers"].popitem())
    with pytest.raises(ValueError, match="its config lists"):
        list(compare(folder))


def test_a_run_without_tensors(folder: Path) -> None:
    (folder / "vision3_s75.safetensors").unlink()
    with pytest.raises(ValueError, match=r"vision3_s75\.safetensors cannot be read"):
        list(compare(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match="no list of runs"):
        list(compare(folder))
