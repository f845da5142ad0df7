"""A split as the network's own input, embedded once: the frozen embedding is the same for every candidate."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.batch import Batch
from models.student import embed_batch
from models.vilt import Embedded, Vilt

CHUNK = 256  # examples embedded at a time
CACHE_BYTES = 2**30  # a split whose embedding is larger is embedded batch by batch


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples of a split on the worker's device; `cached` is their embedding if it fits."""

    backbone: Vilt
    batch: Batch
    cached: Embedded | None
    passes: int

    @classmethod
    @torch.no_grad()
    def of(cls, backbone: Vilt, batch: Batch) -> "Examples":
        """`batch` on the backbone's device, embedded if that takes no more than `CACHE_BYTES`."""
        batch = batch.to(next(backbone.parameters()).device)
        first, passes = embed_batch(backbone, batch.rows(slice(0, CHUNK)))
        bytes_each = first.tokens[0].nbytes * passes
        if bytes_each * len(batch) > CACHE_BYTES:
            return cls(backbone, batch, None, passes)
        chunks = range(CHUNK, len(batch), CHUNK)
        parts = [first, *(embed_batch(backbone, batch.rows(slice(at, at + CHUNK)))[0] for at in chunks)]
        tokens = torch.cat([part.tokens for part in parts])
        valid = torch.cat([part.valid for part in parts if part.valid is not None])
        return cls(backbone, batch, Embedded(tokens, valid, first.text_tokens), passes)

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def device(self) -> torch.device:
        """Where the examples lie."""
        return self.batch.input_ids.device

    def rows(self, index: Tensor) -> tuple[Embedded, Tensor]:
        """The embedded rows of the examples at `index` (B x passes of them) and their targets."""
        targets = self.batch.targets[index]
        if self.cached is None:
            with torch.no_grad():
                return embed_batch(self.backbone, self.batch.rows(index))[0], targets
        places = index if self.passes == 1 else (index[:, None] * self.passes + self._offsets()).flatten()
        tokens = self.cached.tokens[places]
        valid = None if self.cached.valid is None else self.cached.valid[places]
        return Embedded(tokens, valid, self.cached.text_tokens), targets

    def _offsets(self) -> Tensor:
        return torch.arange(self.passes, device=self.device)
