"""Scores every chromosome of a table with shared weights, running each prefix of genes once."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.table_space import TableSpace
from models.architecture import SubLayerKind
from models.inputs import Inputs
from models.layers.vilt_layers import SelfAttention
from models.layers.vilt_stream import Stream
from models.shared_student import SharedStudent
from models.vilt import Vilt
from search.space import DROP, KEEP


class Walk:
    """Goes through the genes depth first and keeps the tokens at each depth: two sub-layer runs a chromosome, not 24.

    Behind the last self-attention only token 0 is computed, as the pooler reads no other.
    """

    def __init__(self, student: SharedStudent, table: TableSpace) -> None:
        backbone = student.network.backbone
        if not isinstance(backbone, Vilt):
            raise TypeError(f"a table is scored on a ViLT, not a {type(backbone).__name__}")
        self._backbone = backbone
        self._student = student
        self._first = table.first_place
        ends = {DROP: (DROP,) * table.genes, KEEP: table.space.full}
        self._choices = {gene: table.whole(table.space.decode(end)).choices for gene, end in ends.items()}
        kinds = [each.kind for each in backbone.config.sub_layers]
        self._places = len(kinds)
        self._last_attention = max(at for at, kind in enumerate(kinds) if kind is SubLayerKind.SELF_ATTENTION)

    @torch.inference_mode()
    def correct(
        self, inputs: Inputs, targets: Tensor, *, progress: Callable[[], object] = lambda: None
    ) -> NDArray[np.uint16]:
        """How many of the examples each chromosome answers rightly, (2^genes,); `progress` is called after each."""
        stream = Stream.of(inputs.texts, inputs.images)
        tokens = stream.tokens
        for place in range(self._first):
            tokens = self._after(place, KEEP, tokens, stream)
        found: list[int] = []

        def walk(tokens: Tensor, place: int) -> None:
            if place == self._places:
                found.append(self._count(tokens, targets))
                progress()
                return
            for gene in (DROP, KEEP):
                walk(self._after(place, gene, tokens, stream), place + 1)

        walk(tokens, self._first)
        return np.array(found, dtype=np.uint16)

    def _after(self, place: int, gene: int, tokens: Tensor, stream: Stream) -> Tensor:
        """The tokens (B, S, D) behind a place; (B, 1, D) where no self-attention follows."""
        if place == self._last_attention and gene == DROP:
            tokens = tokens[:, :1]
        module = self._student.at(place, self._choices[gene][place])
        output = self._output(place, tokens, stream) if gene == KEEP else None
        added = None if module is None else module.update(tokens, output, stream.context(module))
        for part in (output, added):
            tokens = tokens if part is None else tokens + part
        return tokens[:, :1] if place == self._last_attention else tokens

    def _output(self, place: int, tokens: Tensor, stream: Stream) -> Tensor:
        held = self._backbone.sub_layer(place)
        if isinstance(held, SelfAttention):
            return held(tokens, stream.mask)[0]  # type: ignore[no-any-return]  # a module's call carries no types
        return held(tokens)  # type: ignore[no-any-return]  # as above

    def _count(self, tokens: Tensor, targets: Tensor) -> int:
        pooled = torch.tanh(self._student.pooler(self._backbone.norm(tokens[:, 0]))).unsqueeze(1)  # (B, 1, P)
        logits = self._student.task.logits(self._student.head, pooled)
        return round(self._student.task.scores(logits, targets).sum().item())
