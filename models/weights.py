"""Folders of weights: `config.json`, `model.safetensors`; written whole or not at all, read with every key checked."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models.architecture import Architecture
from models.formats.lightning import CheckpointError
from models.heads import Classifier
from models.meter import Meter
from models.meter_config import MeterConfig
from models.plugins.backbone import plugin_of
from models.plugins.installed import resolved
from models.vilt import Vilt
from models.vilt_config import ViltConfig

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"


def write_folder(
    folder: Path,
    *,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    tokenizer: Path | None,
    further: Mapping[str, str] | None = None,
) -> None:
    """Write `config.json`, `model.safetensors` and `tokenizer.json` to a folder that appears whole or not at all.

    `further` are texts by the name of their file.
    """
    if folder.exists() and not (folder / "config.json").is_file():
        raise FileExistsError(f"{folder} exists and is no checkpoint; choose another folder or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        save_file({key: value.detach().cpu().contiguous() for key, value in state.items()}, staged / WEIGHTS)
        (staged / WEIGHTS).chmod(0o644)  # safetensors makes it for its owner's eyes alone
        (staged / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        if tokenizer is not None:
            shutil.copyfile(tokenizer, staged / TOKENIZER)
        for name, text in (further or {}).items():
            (staged / name).write_text(text, encoding="utf-8")
        staged.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        staged.rename(folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of a folder's `model.safetensors`.

    Raises:
        CheckpointError: the file is missing, torn or no safetensors file.
    """
    file = folder / WEIGHTS
    if not file.is_file():
        raise CheckpointError(f"{folder.name} has no {WEIGHTS}; a pickle is not read from a folder, convert it first")
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{folder.name}/{WEIGHTS} is torn or no safetensors file: {error}") from error


def fill(module: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Load `state` into `module`, every key and shape of it.

    Raises:
        CheckpointError: keys are missing or unexpected, or shapes differ; all of them are named.
    """
    own = module.state_dict()
    problems = []
    if missing := sorted(set(own) - set(state)):
        problems.append(f"missing keys: {', '.join(missing)}")
    if unexpected := sorted(set(state) - set(own)):
        problems.append(f"unexpected keys: {', '.join(unexpected)}")
    problems += [
        f"{key} has shape {tuple(state[key].shape)}, expected {tuple(own[key].shape)}"
        for key in sorted(set(own) & set(state))
        if own[key].shape != state[key].shape
    ]
    if problems:
        raise CheckpointError(f"{source} does not fit: {'; '.join(problems)}")
    module.load_state_dict(dict(state))


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        CheckpointError: the file is missing, torn, or holds something else.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"cannot read {file.parent.name}/{file.name}: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{file.parent.name}/{file.name} is torn or no JSON: {error}") from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{file.parent.name}/{file.name} holds a {type(data).__name__}; expected an object")
    return data


def build_heads(state: Mapping[str, Tensor]) -> nn.ModuleDict:
    """The heads whose weights are in `state` (keys `heads.<name>...`), with the sizes the weights have."""
    heads = nn.ModuleDict()
    for name in sorted({key.split(".")[1] for key in state if key.startswith("heads.")}):
        weights = {key.removeprefix(f"heads.{name}."): value for key, value in state.items() if f"heads.{name}." in key}
        if "up.weight" in weights and "out.weight" in weights:
            hidden, features = weights["up.weight"].shape
            head: nn.Module = Classifier(features, hidden, weights["out.weight"].shape[0])
        elif "weight" in weights:
            head = nn.Linear(weights["weight"].shape[1], weights["weight"].shape[0])
        else:
            raise CheckpointError(f"head '{name}' has no weights that make sense: {', '.join(sorted(weights))}")
        fill(head, weights, source=f"head '{name}'")
        heads[name] = head
    return heads


def empty_backbone(config: ViltConfig | MeterConfig, slim: Architecture | None = None) -> Vilt | Meter:
    """A backbone of these sizes, as initialised; a slim one holds only what its architecture keeps.

    One of a plugin is typed as one of ours: it is asked no more than `models.backbone` says.

    Raises:
        PluginError: the plugin's class cannot be imported.
    """
    if (plugin := plugin_of(config)) is not None:
        return cast("Vilt | Meter", resolved(plugin.network)(config, slim))
    return Vilt(config, slim) if isinstance(config, ViltConfig) else Meter(config, slim)


def build_backbone(
    config: ViltConfig | MeterConfig, state: Mapping[str, Tensor], *, source: str, slim: Architecture | None = None
) -> Vilt | Meter:
    """A backbone filled from the keys `backbone....` of `state`, frozen and in eval mode."""
    backbone = empty_backbone(config, slim)
    weights = {key.removeprefix("backbone."): value for key, value in state.items() if key.startswith("backbone.")}
    fill(backbone, weights, source=source)
    return backbone.eval().requires_grad_(False)
