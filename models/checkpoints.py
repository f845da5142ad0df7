"""Reads a ViLT or METER from our safetensors folder, a `transformers` folder or an original file; writes our folder."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.formats.contents import Contents
from models.formats.lightning import CheckpointError, read_lightning
from models.formats.meter_positions import at_image_size
from models.formats.original_meter import Heads, is_meter, meter_contents
from models.formats.original_vilt import vilt_contents
from models.formats.transformers_vilt import transformers_contents
from models.network import Network
from models.registry import CONFIGS, format_of, read_entry
from models.weights import TOKENIZER, build_backbone, build_heads, read_json, read_weights, write_folder

log = logging.getLogger(__name__)


def load_network(
    path: Path,
    *,
    heads: int | None = None,
    vision_heads: int | None = None,
    language_heads: int | None = None,
    image_size: int | None = None,
) -> Network:
    """The network in `path`, whichever of the formats it has, on the CPU in eval mode.

    Args:
        path: a folder with `config.json` and `model.safetensors` (ours or `transformers`'), or an original checkpoint:
            a Lightning `.ckpt`, or its state dict as `.safetensors`.
        heads: attention heads, for an original checkpoint whose hyper-parameters do not say; else hidden / 64.
        vision_heads: those of an original METER's image encoder; else heads of the fusion encoder's size.
        language_heads: those of its text encoder, likewise.
        image_size: side in pixels of the images that a METER is to read, if not the size it was saved for.

    Raises:
        CheckpointError: the file is torn, of another kind, or its keys or shapes are not those of a ViLT or METER.
    """
    known = Heads(heads, vision_heads, language_heads)
    contents = read_contents(path, known, image_size=image_size)
    tokenizer = path / TOKENIZER if (path / TOKENIZER).is_file() else None
    return network_of(contents, source=path.name, tokenizer=tokenizer)


def read_contents(path: Path, heads: Heads, *, image_size: int | None = None) -> Contents:
    """What `path` holds, under our names; see `load_network`.

    Raises:
        CheckpointError: the file is torn, of another kind, or has keys that are not those of a ViLT or METER.
    """
    contents = _read_folder(path) if path.is_dir() else _read_original(path, heads)
    if contents.dropped:
        count, names = len(contents.dropped), ", ".join(sorted(contents.dropped))
        log.info("%s: %d keys not needed and dropped: %s", path.name, count, names)
    return at_image_size(contents, image_size)


def network_of(contents: Contents, *, source: str, tokenizer: Path | None) -> Network:
    """The network with those weights, on the CPU in eval mode.

    Raises:
        CheckpointError: keys are missing or unexpected, or shapes differ; all of them are named.
    """
    backbone = build_backbone(contents.config, contents.state, source=source)
    head_modules = build_heads(contents.state).eval().requires_grad_(False)
    return Network(backbone, head_modules, contents.answers, tokenizer, {"source": source})


def save_network(folder: Path, network: Network, *, provenance: Mapping[str, object]) -> None:
    """Write `network` in our format; the folder appears whole or not at all.

    Raises:
        FileExistsError: something other than a checkpoint of ours is already there.
    """
    config = {
        "format": format_of(network.config),
        "backbone": network.config.to_json(),
        "answers": list(network.answers),
        "heads": sorted(network.heads),
        "provenance": dict(provenance),
    }
    state = {f"backbone.{key}": value for key, value in network.backbone.state_dict().items()}
    state |= {f"heads.{key}": value for key, value in network.heads.state_dict().items()}
    write_folder(folder, config=config, state=state, tokenizer=network.tokenizer)


def _read_folder(path: Path) -> Contents:
    config = read_json(path / "config.json")
    if str(config.get("format")) in CONFIGS:
        return _read_ours(path, config)
    if config.get("model_type") == "vilt":
        return transformers_contents(read_weights(path), config, source=path.name)
    known = ", ".join(repr(name) for name in CONFIGS)
    raise CheckpointError(f"{path.name}/config.json describes neither {known} nor a transformers 'vilt' model")


def _read_ours(path: Path, config: Mapping[str, Any]) -> Contents:
    entry = read_entry(path.name, path)
    state = read_weights(path)
    if stray := sorted(key for key in state if not key.startswith(("backbone.", "heads."))):
        raise CheckpointError(f"{path.name} has unexpected keys: {', '.join(stray)}")
    held = sorted({key.split(".")[1] for key in state if key.startswith("heads.")})
    if (said := config.get("heads")) is not None and sorted(said) != held:
        raise CheckpointError(f"{path.name}: config.json lists heads {said}; the weights hold {held}")
    return Contents(entry.config, state, entry.answers, tensors=len(state))


def _read_original(path: Path, heads: Heads) -> Contents:
    """A ViLT or METER, as its keys say; the answers of its VQA head have their label ids for names."""
    state, settings = read_state(path)
    if is_meter(state):
        return meter_contents(state, settings, heads=heads, source=path.name).named_by_label()
    return vilt_contents(state, settings, heads=heads.fusion, source=path.name).named_by_label()


def read_state(path: Path) -> tuple[Mapping[str, Tensor], Mapping[str, Any]]:
    """The state dict and hyper-parameters of an original checkpoint; a `.safetensors` file has none of the latter."""
    if path.suffix != ".safetensors":
        return read_lightning(path)
    try:
        return load_file(path), {}
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint file at {path}") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path.name} is torn or no safetensors file: {error}") from error
