"""`import_backbone`: a checkpoint of others as a backbone of ours, with a check that says what matched and what not."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from models.checkpoints import network_of, read_contents, save_network
from models.data.reading import Reading
from models.data.transforms import vilt_transform
from models.formats.contents import Contents
from models.formats.lightning import CheckpointError
from models.formats.original_meter import Heads
from models.formats.pickled_weights import PICKLED, pickled_weights
from models.formats.transformers_comparison import difference_from_transformers, pooled_features
from models.formats.transformers_vilt import transformers_contents
from models.meter_config import MeterConfig
from models.network import Network, file_digest
from models.registry import CONFIGS, read_entry
from models.weights import TOKENIZER, WEIGHTS, read_json, read_weights

OURS, THEIRS = "our own format", "ViLT of transformers"
UNTOLD = Heads()
LIBRARIES = ("twinsieve", "torch", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a checkpoint does not say of itself. Heads count attention heads; sizes are in pixels."""

    heads: Heads = UNTOLD
    image_size: int | None = None  # of a METER, if not the one it was saved for
    tokenizer: Path | None = None  # a tokenizer.json or a folder with one; none: that of the source
    answers: Path | None = None  # JSON: a list, or an object from label id to answer; none: those of the source


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCheck:
    """What matched: how many of the file's tensors are in the backbone, and what was left out and why it may be."""

    kind: str
    tensors: int  # in the file
    dropped: tuple[str, ...]  # keys that are known and not needed
    parameters: int  # of the backbone and its heads
    sizes: Mapping[str, Any]
    heads: tuple[str, ...]
    answers: int
    named: bool  # answers have names, not label ids alone
    tokens: int | None  # of the tokenizer; None without one
    difference: float | None  # from the library it came from, of any pooled feature; None: there was nothing to ask
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def import_backbone(source: Path, target: Path | None, wanted: Wanted) -> ImportCheck:
    """Read a checkpoint, check it, and write it in our format.

    Only tensors are read: safetensors; a `.ckpt` by an unpickler that imports nothing of what it names and calls only
    what makes tensors; `pytorch_model.bin` by torch's own, which calls nothing but what torch's allow-list has.

    Args:
        source: a folder of `transformers` (ViLT) or of ours, or an original ViLT or METER: a Lightning `.ckpt`, or its
            state dict as `.safetensors`.
        target: the backbone's folder, which appears whole or not at all; None only checks.
        wanted: what the checkpoint does not say.

    Raises:
        FileExistsError: there is something at `target`.
        CheckpointError: the file is torn or of another kind, a key is missing or unexpected, or the network does not
            give what the library gives that it came from.
        ValueError: the tokenizer or the answers are of another checkpoint.
    """
    if target is not None and target.exists():
        raise FileExistsError(f"{target} exists; give another name, so that nothing is overwritten")
    contents = _named(_read(source, wanted), wanted.answers)
    tokenizer = _tokenizer(source, wanted.tokenizer)
    network = network_of(contents, source=source.name, tokenizer=tokenizer)
    check = _checked(source, contents, network)
    if target is not None:
        _save(target, network, _provenance(source, check))
    return check


def _save(target: Path, network: Network, provenance: Mapping[str, object]) -> None:
    """Write a folder that the registry can read, or none.

    Raises:
        ValueError: it could not read it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as scratch:
        staged = Path(scratch, target.name)
        save_network(staged, network, provenance=provenance)
        read_entry(target.name, staged)
        staged.rename(target)


def _read(source: Path, wanted: Wanted) -> Contents:
    if not source.exists():
        raise CheckpointError(f"there is no {source}; give a folder or a file")
    if source.is_dir() and not (source / WEIGHTS).is_file() and (source / PICKLED).is_file():
        config = read_json(source / "config.json")
        if config.get("model_type") != "vilt":
            raise CheckpointError(f"{source.name}/config.json describes a {config.get('model_type')!r}, not a 'vilt'")
        return transformers_contents(pickled_weights(source / PICKLED), config, source=source.name)
    return read_contents(source, wanted.heads, image_size=wanted.image_size)


def _named(contents: Contents, answers: Path | None) -> Contents:
    """With the answers of a file for those of the checkpoint.

    Raises:
        ValueError: the file holds none, or the head has another number of classes.
    """
    if answers is None:
        return contents
    bias, names = contents.state.get("heads.vqa.out.bias"), _answers(answers)
    if bias is None:
        raise ValueError("answers name the classes of a VQA head; this checkpoint has none")
    if len(names) != len(bias):
        raise ValueError(f"{answers.name} has {len(names)} answers; the VQA head has {len(bias)} classes")
    return replace(contents, answers=names)


def _answers(file: Path) -> tuple[str, ...]:
    """A list of answers, or those of an object from label id to answer, in the order of the ids."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(data, dict):
            data = [data[str(label)] for label in range(len(data))]
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{file} is no JSON list of answers, nor an object from label ids: {error}") from None
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data) or len(set(data)) < len(data):
        raise ValueError(f"{file} holds no list of different answers")
    return tuple(data)


def _tokenizer(source: Path, given: Path | None) -> Path | None:
    """The file to take along.

    Raises:
        ValueError: none lies where it was said to.
    """
    if given is None:
        own = source / TOKENIZER
        return own if own.is_file() else None
    file = given / TOKENIZER if given.is_dir() else given
    if not file.is_file():
        raise ValueError(f"there is no tokenizer at {file}; give a {TOKENIZER}, as the package tokenizers writes it")
    return file


def _checked(source: Path, contents: Contents, network: Network) -> ImportCheck:
    """Everything that can be said of it.

    Raises:
        CheckpointError: it does not give what it should.
        ValueError: the tokenizer belongs to another checkpoint.
    """
    kind, difference = _kind(source, contents), None
    if kind == THEIRS:
        difference = difference_from_transformers(network, _raw(source), read_json(source / "config.json"))
    elif not pooled_features(network).isfinite().all():
        raise CheckpointError(f"{source.name}: its features are not finite; the weights are damaged")
    named = bool(network.answers) and network.answers != tuple(map(str, range(len(network.answers))))
    tokens = None if network.tokenizer is None else _token_count(network.tokenizer, network)
    parts = (network.backbone, network.heads)
    return ImportCheck(
        kind=kind,
        tensors=contents.tensors,
        dropped=tuple(sorted(contents.dropped)),
        parameters=sum(parameter.numel() for part in parts for parameter in part.parameters()),
        sizes=network.config.to_json(),
        heads=tuple(sorted(network.heads)),
        answers=len(network.answers),
        named=named,
        tokens=tokens,
        difference=difference,
        notes=tuple(_notes(network, named=named, compared=difference is not None or kind == OURS)),
    )


def _kind(source: Path, contents: Contents) -> str:
    if source.is_dir():
        return OURS if str(read_json(source / "config.json").get("format")) in CONFIGS else THEIRS
    return "original METER" if isinstance(contents.config, MeterConfig) else "original ViLT"


def _raw(source: Path) -> Mapping[str, Tensor]:
    return read_weights(source) if (source / WEIGHTS).is_file() else pickled_weights(source / PICKLED)


def _token_count(file: Path, network: Network) -> int:
    """The tokens that a tokenizer knows.

    Raises:
        ValueError: it cannot be read, or the network has other tokens.
    """
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises a bare Exception
        raise ValueError(f"{file} cannot be read as a tokenizer: {error}") from None
    config = network.config
    reading = Reading(tokenizer=tokenizer, text_tokens=config.max_text_length, transform=vilt_transform)
    tokens, padding = tokenizer.get_vocab_size(), (reading.tokenizer.padding or {})["pad_id"]
    if tokens > config.vocabulary or padding != config.pad_id:
        raise ValueError(
            f"{file.name} has {tokens} tokens and pads with {padding}; the network knows {config.vocabulary} and pads "
            f"with {config.pad_id}: they belong to different checkpoints"
        )
    return tokens


def _notes(network: Network, *, named: bool, compared: bool) -> Sequence[str]:
    """What its user has to know."""
    notes = []
    if not compared:
        notes.append(
            "there is no second implementation here to compare with: every key and shape fits, and its features are "
            "finite, which does not prove that they are the original's"
        )
    if network.tokenizer is None:
        notes.append("no tokenizer came along: texts of real data cannot be read; give one with --tokenizer")
    if network.answers and not named:
        notes.append("its answers have label ids for names: give them with --answers, or use data with as many answers")
    if not network.heads:
        notes.append("it has no head: searches start with a new one")
    return notes


def _provenance(source: Path, check: ImportCheck) -> dict[str, object]:
    weights = source if source.is_file() else source / (WEIGHTS if (source / WEIGHTS).is_file() else PICKLED)
    return {
        "imported_from": source.name,
        "kind": check.kind,
        "sha256": file_digest(weights),
        "dropped": list(check.dropped),
        "difference": check.difference,
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """Of those that are installed."""
    found = dict[str, str]()
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
