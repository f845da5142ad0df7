"""Reads the `state_dict` of an original Lightning `.ckpt` without importing or calling any class the file names."""

import collections
import pickle
import types
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
}


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or does not fit the model; the message says what and why."""


class Inert(dict[Any, Any]):
    """Stands for an object of a class that is not allowed: keeps what the file would have given it, does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        if isinstance(state, Mapping):
            self.update(state)

    def append(self, item: object) -> None:
        """Called for list-like objects; the item is dropped."""

    def extend(self, items: Iterable[object]) -> None:
        """Called for list-like objects; the items are dropped."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class or a function
        """The allowed global, or an inert class of that name; nothing is imported."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        return type(name, (Inert,), {"__module__": f"inert.{module}"})


_PICKLE = types.SimpleNamespace(Unpickler=_Unpickler, load=lambda file, **_: _Unpickler(file).load(), __name__="pickle")


def read_lightning(path: Path) -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    """The tensors of `state_dict` and the plain `hyper_parameters["config"]` (empty if there is none).

    Raises:
        CheckpointError: the file is no zip-format checkpoint, is torn, compressed, or has no `state_dict`.
    """
    _check_archive(path)
    try:
        loaded = torch.load(path, map_location="cpu", pickle_module=_PICKLE, weights_only=False)
    except Exception as error:
        # A hostile or torn pickle can make any opcode fail in any way; whatever it was, the file is no checkpoint.
        raise CheckpointError(f"{path.name} cannot be read as a checkpoint: {type(error).__name__}: {error}") from error
    state = loaded.get("state_dict") if isinstance(loaded, dict) else None
    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{path.name} has no 'state_dict'; expected an original Lightning checkpoint")
    if wrong := [str(key) for key, value in state.items() if not isinstance(value, Tensor)]:
        raise CheckpointError(f"{path.name}: state_dict entries are no tensors: {', '.join(wrong[:5])}")
    return dict(state), _plain_config(loaded.get("hyper_parameters"))


def _check_archive(path: Path) -> None:
    if not path.is_file():
        raise CheckpointError(f"no checkpoint file at {path}")
    if not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path.name} is no zip archive: not a torch checkpoint of 2020 or later, or cut short")
    with zipfile.ZipFile(path) as archive:
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise CheckpointError(f"{path.name} is compressed; torch never writes that, so it is refused")
        if any(Path(name).name == "constants.pkl" for name in archive.namelist()):
            raise CheckpointError(f"{path.name} is a TorchScript program, not a checkpoint")


def _plain_config(hyper_parameters: object) -> Mapping[str, Any]:
    config = hyper_parameters.get("config") if isinstance(hyper_parameters, dict) else None
    if not isinstance(config, dict):
        return {}
    return {str(key): value for key, value in config.items() if isinstance(value, int | float | str)}
