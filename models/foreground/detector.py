"""An object detector of `transformers` from a local folder: YOLOS, DETR and their like."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoImageProcessor, AutoModelForObjectDetection

from models.foreground.coverage import CONFIDENCE
from models.foreground.provider import Box, ForegroundError, Picture
from models.precision import in_float32


class Detector:
    """Boxes of a detection model (`models.foreground.provider.BoxSource`).

    Pictures are looked at one by one: in a batch, padding to the largest would change what a detector finds.
    """

    def __init__(self, model: nn.Module, processor: Any, *, device: torch.device | None = None) -> None:  # noqa: ANN401 - the library's processors share no class
        self._model = model.eval().requires_grad_(False).to(device or torch.device("cpu"))
        self._processor = processor
        self._device = device or torch.device("cpu")
        self._counts: dict[tuple[int, int], int] = {}

    @property
    def parameters(self) -> int:
        """How many numbers the model holds."""
        return sum(parameter.numel() for parameter in self._model.parameters())

    def macs(self, height: int, width: int) -> int:
        """MACs of a forward call on a picture of this size, counted once: matrix products and convolutions."""
        if (height, width) not in self._counts:
            self._counts[height, width] = self._counted(height, width)
        return self._counts[height, width]

    def _counted(self, height: int, width: int) -> int:
        # attention is counted only where it is made of plain matrix products
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            self._outputs(np.zeros((height, width, 3), np.uint8))
        return int(counter.get_total_flops()) // 2

    def boxes(self, picture: Picture) -> Sequence[Box]:
        """What the model is sure enough of, of any class."""
        size = picture.pixels.shape[:2]
        found = self._processor.post_process_object_detection(
            self._outputs(picture.pixels), threshold=CONFIDENCE, target_sizes=[size]
        )[0]
        rows = torch.cat([found["boxes"], found["scores"].clamp(0, 1).unsqueeze(1)], dim=1)  # (boxes, 5)
        return tuple(Box(*row) for row in rows.tolist())

    @torch.inference_mode()
    def _outputs(self, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:  # noqa: ANN401 - each model has its own
        inputs = self._processor(images=[pixels], do_pad=False, return_tensors="pt", input_data_format="channels_last")
        with in_float32(self._device):  # what it finds and takes is a matter of the data, not of who trains on them
            return self._model(pixel_values=inputs["pixel_values"].to(self._device))


def load_detector(folder: Path, *, device: torch.device | None = None) -> Detector:
    """The detector in a folder with `config.json`, `preprocessor_config.json` and safetensors weights.

    No code of the folder is run, nothing is unpickled, and nothing is fetched.

    Raises:
        ForegroundError: it is none, or its weights do not fill it.
    """
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        processor = AutoImageProcessor.from_pretrained(folder, **local)
        model, report = AutoModelForObjectDetection.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **local
        )
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ForegroundError(f"'{folder.name}' is no object detector with safetensors weights: {reason}") from None
    if missing := sorted(report["missing_keys"]):
        raise ForegroundError(f"detector '{folder.name}' lacks {len(missing)} weights, such as {missing[0]}")
    return Detector(model, processor, device=device)
