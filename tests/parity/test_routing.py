"""Routing functions give the numbers of their published code, and a changed number shows."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.parity.routing import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "routing"
FUNCTIONS, LORAS, ADAPTERS, SCALING = 8, 7, 2 * 5, 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "routing"))


def test_every_value_is_within_its_tolerance() -> None:
    found = list(compare(FIXTURES))
    assert [each.name for each in found if not each.within] == []
    assert len({each.name for each in found}) == len(found) == FUNCTIONS + LORAS + ADAPTERS + SCALING


def test_every_changed_tensor_shows(folder: Path) -> None:
    file = folder / "routing.safetensors"
    tensors = load_file(file)
    for name, tensor in tensors.items():
        changed = tensor.clone()
        changed.view(-1)[0] += 10.0
        save_file(tensors | {name: changed}, file)
        assert any(not each.within for each in compare(folder)), name


def test_a_changed_scaling_shows(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"lora_alpha": 9}))
    outside = {each.name.split(".")[0] for each in compare(folder) if not each.within}
    assert outside == {"scaling", "lora"}


def test_a_missing_tensor_is_named(folder: Path) -> None:
    file = folder / "routing.safetensors"
    for name in load_file(FIXTURES / "routing.safetensors"):
        save_file({key: value for key, value in load_file(FIXTURES / file.name).items() if key != name}, file)
        with pytest.raises(ValueError, match=f"no '{name}'"):
            list(compare(folder))


@pytest.mark.parametrize("name", ["R.unknown", "adapter.out.some_residual.default", "lora.scale", "x_w"])
def test_a_strange_tensor_is_named(folder: Path, name: str) -> None:
    file = folder / "routing.safetensors"
    tensors = load_file(file)
    save_file(tensors | {name: tensors["x_t"].clone()}, file)
    with pytest.raises(ValueError, match=name.split(".")[-2] if "some" in name else name.split(".")[-1]):
        list(compare(folder))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"routing\.safetensors cannot be read"):
        list(compare(tmp_path))
