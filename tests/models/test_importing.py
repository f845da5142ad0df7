"""Checkpoints of others become backbones: what matched is said, what does not fit is refused and leaves nothing."""

import json
import os
import pickle
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import ViltForQuestionAnswering, ViltModel

from models.checkpoints import load_network
from models.formats.lightning import CheckpointError
from models.formats.original_meter import Heads
from models.formats.pickled_weights import PICKLED
from models.formats.transformers_comparison import difference_from_transformers
from models.importing import ImportCheck, Wanted, import_backbone
from models.registry import BackboneRegistry
from models.shapes.tokenizer import TOKENIZER_FILE
from models.weights import WEIGHTS
from tests.models.test_vilt_transformers import published_config

FIXTURES = Path(__file__).parent.parent / "fixtures"
PLAIN = Wanted()


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of `transformers`: a ViLT with a VQA head."""
    torch.manual_seed(0)
    config = published_config(vocab_size=80)
    config.id2label = {label: f"answer {label}" for label in range(7)}
    ViltForQuestionAnswering(config).save_pretrained(tmp_path / "theirs")
    return tmp_path / "theirs"


def imported(source: Path, root: Path, **wanted: Any) -> ImportCheck:  # noqa: ANN401 - as `Wanted` takes them
    return import_backbone(source, root / "mine", Wanted(**wanted))


def test_a_folder_of_transformers(theirs: Path, tmp_path: Path) -> None:
    check = imported(theirs, tmp_path / "root")
    assert check.kind == "ViLT of transformers"
    assert check.difference is not None
    assert check.difference < 1e-5
    assert (check.heads, check.answers, check.named) == (("vqa",), 7, True)
    assert check.tensors == len(load_file(theirs / WEIGHTS))
    assert check.dropped == ()
    entry = BackboneRegistry(tmp_path / "root").get("mine")
    assert entry.answers == tuple(f"answer {label}" for label in range(7))
    assert check.parameters == sum(each.numel() for each in load_network(entry.path).backbone.parameters()) + sum(
        each.numel() for each in load_network(entry.path).heads.parameters()
    )
    provenance = json.loads((entry.path / "config.json").read_text())["provenance"]
    assert (provenance["imported_from"], provenance["kind"]) == ("theirs", check.kind)


def test_a_bare_network_of_transformers(tmp_path: Path) -> None:
    torch.manual_seed(1)
    ViltModel(published_config()).save_pretrained(tmp_path / "bare")
    check = imported(tmp_path / "bare", tmp_path / "root")
    assert check.difference is not None
    assert check.heads == ()
    assert any("no head" in note for note in check.notes)


def test_a_pickle_of_tensors_is_read(theirs: Path, tmp_path: Path) -> None:
    torch.save(load_file(theirs / WEIGHTS), theirs / PICKLED)
    (theirs / WEIGHTS).unlink()
    check = imported(theirs, tmp_path / "root")
    assert check.difference is not None
    assert check.difference < 1e-5


class Hostile:
    """Runs a command when it is unpickled the ordinary way."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_that_would_run_something_does_not(theirs: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (theirs / WEIGHTS).unlink()
    torch.save({"weight": torch.ones(1), "more": Hostile(mark)}, theirs / PICKLED)
    with pytest.raises(CheckpointError, match="holds more than tensors"):
        imported(theirs, tmp_path / "root")
    (theirs / PICKLED).write_bytes(pickle.dumps(Hostile(mark)))
    with pytest.raises(CheckpointError, match="holds more than tensors"):
        imported(theirs, tmp_path / "root")
    assert not mark.exists()
    assert not (tmp_path / "root").exists()
    pickle.loads((theirs / PICKLED).read_bytes())
    assert mark.exists()  # it would have shown


@pytest.mark.parametrize(
    ("source", "kind"),
    [(FIXTURES / "vilt" / "vqa.ckpt", "original ViLT"), (FIXTURES / "meter" / "vqa_48px.ckpt", "original METER")],
)
def test_original_checkpoints(source: Path, kind: str, tmp_path: Path) -> None:
    check = imported(source, tmp_path / "root")
    assert (check.kind, check.difference, check.named) == (kind, None, False)
    assert check.answers == 12
    assert check.dropped  # both have tensors that a fine-tune does not need
    assert check.tensors > len(check.dropped)
    notes = " ".join(check.notes)
    for expected in ("no second implementation", "--tokenizer", "--answers"):
        assert expected in notes
    again, first = load_network(tmp_path / "root" / "mine"), load_network(source)
    assert again.config == first.config
    own, other = again.backbone.state_dict(), first.backbone.state_dict()
    assert all(torch.equal(own[key], other[key]) for key in other)


def test_heads_and_image_size_can_be_told(tmp_path: Path) -> None:
    source = FIXTURES / "meter" / "vqa_48px.safetensors"  # which has no hyper-parameters
    check = imported(source, tmp_path / "root", heads=Heads(4), image_size=80)
    assert (check.sizes["heads"], check.sizes["image_size"]) == (4, 80)


def test_answers_get_names(tmp_path: Path) -> None:
    source, file = FIXTURES / "vilt" / "vqa.ckpt", tmp_path / "answers.json"
    names = [f"answer {label}" for label in range(12)]
    by_label = {str(label): name for label, name in enumerate(names)}
    for good in (names, by_label):
        file.write_text(json.dumps(good))
        assert import_backbone(source, None, Wanted(answers=file)).named
    for content, message in (
        (names[:5], "has 5 answers; the VQA head has 12"),
        ([1, 2], "no list of different answers"),
        ("torn {", "no JSON list"),
    ):
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(ValueError, match=message):
            import_backbone(source, None, Wanted(answers=file))


def test_the_tokenizer_must_be_the_network_s(theirs: Path, tmp_path: Path) -> None:
    check = imported(theirs, tmp_path / "root", tokenizer=TOKENIZER_FILE)
    assert check.tokens is not None
    assert (tmp_path / "root" / "mine" / "tokenizer.json").read_bytes() == TOKENIZER_FILE.read_bytes()
    shutil.copy(TOKENIZER_FILE, theirs)
    assert import_backbone(theirs, None, PLAIN).tokens == check.tokens  # found beside the weights
    torch.manual_seed(0)
    ViltForQuestionAnswering(published_config(vocab_size=20)).save_pretrained(tmp_path / "small")
    with pytest.raises(ValueError, match="they belong to different checkpoints"):
        imported(tmp_path / "small", tmp_path / "other", tokenizer=TOKENIZER_FILE.parent)
    assert not (tmp_path / "other").exists()
    with pytest.raises(ValueError, match="there is no tokenizer at"):
        import_backbone(theirs, None, Wanted(tokenizer=tmp_path / "none.json"))


def test_missing_and_unexpected_keys_are_named(theirs: Path, tmp_path: Path) -> None:
    state = load_file(theirs / WEIGHTS)
    gone = state.pop("vilt.layernorm.bias")
    save_file(state, theirs / WEIGHTS)
    with pytest.raises(CheckpointError, match=r"missing keys: norm\.bias"):
        imported(theirs, tmp_path / "root")
    save_file(
        state | {"vilt.layernorm.bias": gone, "another.weight": gone.clone()},
        theirs / WEIGHTS,
        metadata={"format": "pt"},
    )
    with pytest.raises(CheckpointError, match=r"unexpected keys.*another\.weight"):
        imported(theirs, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_a_network_that_gives_something_else_is_refused(theirs: Path) -> None:
    network, state = load_network(theirs), load_file(theirs / WEIGHTS)
    config = json.loads((theirs / "config.json").read_text())
    assert difference_from_transformers(network, state, config) < 1e-5
    changed = state | {"vilt.pooler.dense.bias": state["vilt.pooler.dense.bias"] + 0.1}
    with pytest.raises(CheckpointError, match="pooled features that differ"):
        difference_from_transformers(network, changed, config)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    state = load_file(FIXTURES / "vilt" / "vqa.safetensors")
    state["pooler.dense.bias"] = torch.full_like(state["pooler.dense.bias"], float("nan"))
    save_file(state, tmp_path / "nan.safetensors")
    with pytest.raises(CheckpointError, match="not finite"):
        imported(tmp_path / "nan.safetensors", tmp_path / "root", heads=Heads(4))


def test_what_is_no_checkpoint(tmp_path: Path, theirs: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no"):
        imported(tmp_path / "absent", tmp_path / "root")
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(CheckpointError, match="describes neither"):
        imported(tmp_path / "bert", tmp_path / "root")
    torch.save({}, tmp_path / "bert" / PICKLED)
    with pytest.raises(CheckpointError, match="'bert', not a 'vilt'"):
        imported(tmp_path / "bert", tmp_path / "root")
    (tmp_path / "root" / "mine").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="give another name"):
        imported(theirs, tmp_path / "root")


def test_what_the_registry_cannot_read_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FIXTURES / "vilt" / "vqa.ckpt"

    def refused(name: str, _: Path) -> None:
        raise ValueError(f"backbone '{name}': config.json does not describe one")

    with monkeypatch.context() as reading:
        reading.setattr("models.importing.read_entry", refused)
        with pytest.raises(ValueError, match="backbone 'mine': config"):
            imported(source, tmp_path / "root")
    assert list((tmp_path / "root").iterdir()) == []
    imported(source, tmp_path / "root")
    assert [each.name for each in (tmp_path / "root").iterdir()] == ["mine"]


def test_versions_are_those_that_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(name: str) -> str:
        if name == "transformers":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr("models.importing.version", installed)
    imported(FIXTURES / "vilt" / "vqa.ckpt", tmp_path / "root")
    config = json.loads((tmp_path / "root" / "mine" / "config.json").read_text())
    assert config["provenance"]["versions"] == {name: version(name) for name in ("twinsieve", "torch")}
