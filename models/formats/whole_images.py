"""A model as a function of plain tensors of fixed sizes: what is traced when it leaves for another runtime."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from models.architecture import PatchMode
from models.batch import Batch
from models.heads import TASKS
from models.inputs import read_batch
from models.layers.vilt_stream import Stream
from models.meter import Meter
from models.patch_filter import filter_patches, similarity_scores
from models.slim import SlimModel
from models.vilt import Vilt


class WholeImages(nn.Module):
    """A slim model that reads images without padding, all of one size: no shape in it depends on what it sees.

    The patch filter then keeps the same number of patches of every image, which a traced graph needs.
    """

    def __init__(self, model: SlimModel) -> None:
        """Built over the model's own weights.

        Raises:
            ValueError: the filter keeps patches by chance, whose order is drawn while the network runs.
        """
        super().__init__()
        patches = model.architecture.patches
        if patches is not None and patches.mode is PatchMode.RANDOM:
            raise ValueError("its patch filter keeps patches at random, an ablation that draws their order as it runs")
        self.backbone = _unpadded(model.backbone)
        self.carried = model.carried
        self.head = model.head
        self.architecture = model.architecture
        self.task = TASKS[model.task]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, foreground: Tensor | None = None
    ) -> Tensor:
        """Logits (B, classes) of B examples, each of one text and I images.

        Args:
            input_ids: (B, L) int64.
            attention_mask: (B, L) int64, 1 at a token.
            pixel_values: (B, I, 3, H, W) float32, as the model's `pixels` make them.
            foreground: (B, I, N) float32, the covered share of each patch, where the patch filter asks for it.
        """
        texts = input_ids.unsqueeze(1), attention_mask.unsqueeze(1)  # (B, 1, L)
        batch = Batch(*texts, pixel_values, None, pixel_values.new_zeros(()), foreground)
        inputs = read_batch(self.backbone, batch).all()
        features = self.backbone(inputs.texts, inputs.images, self.architecture, self.carried)
        return self.task.logits(self.head, features.pooled.unflatten(0, (-1, inputs.passes)))


class _UnpaddedVilt(Vilt):
    """A ViLT whose patch filter knows that every patch is real; METER's always does."""

    def enter(self, state: Stream, place: int) -> Stream:
        """The patch filter, where it is at `place`."""
        keep = state.patches
        if keep is None or state.scores is None or state.valid is None or place != 2 * keep.after_block:
            return state
        first, scores = state.first_patch, state.scores
        tokens, _ = filter_patches(
            state.tokens,
            None,
            keep=keep,
            scores=torch.where(scores.isnan(), similarity_scores(state.tokens, first), scores),
            foreground=state.foreground,
            first_patch=first,
        )
        return replace(
            state, tokens=tokens, valid=state.valid[:, : tokens.shape[1]], patches=None, scores=None, foreground=None
        )


def _unpadded(backbone: Vilt | Meter) -> Vilt | Meter:
    """The same network; a ViLT in which no patch is padding."""
    if type(backbone) is not Vilt:  # a METER, or a kind of another package
        return backbone
    with torch.device("meta"):
        other = _UnpaddedVilt(backbone.config)
    for name, module in backbone.named_children():
        setattr(other, name, module)  # shared, not copied
    return other.eval()
