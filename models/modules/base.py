"""What every trainable module is to a backbone, and what it may look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from torch import Tensor, nn

from models.architecture import Stack


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds a sub-layer at one forward call.

    `text` and `image` are summaries of the two modalities at this place, each (B, V, D), V = 1 in the shipped
    backbones: METER gives token 0 of each stream, ViLT the masked mean of each part of its sequence. A summary is None
    where the sub-layer's stack never meets that modality (METER's encoders). `valid` (B, S) and `other_valid` (B, M)
    are False at padding of the own sequence and of the stream that cross-attention reads; None where nothing is.
    """

    stack: Stack
    text_tokens: int  # of the joint sequence, the first ones; 0 elsewhere
    text: Tensor | None
    image: Tensor | None
    valid: Tensor | None = None
    other_valid: Tensor | None = None


class Addition(Protocol):
    """What a backbone asks at a place where something is added: one trainable module, or those of many candidates."""

    @property
    def reads_summaries(self) -> bool:
        """Whether it reads the context's summaries; a backbone that must compute them does so only then."""

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """What to add to the residual stream, (B, S, D).

        Args:
            hidden: (B, S, D), what enters the sub-layer, before its norm.
            output: (B, S, D), what the frozen sub-layer gives for it; None where it was dropped.
            context: its surroundings.
        """

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """What to add to the result of a frozen linear of the sub-layer, (B, S, out).

        Args:
            linear: query, key, value or out of an attention; up or down of an FFN.
            hidden: (B, S, in), the linear's input; in cross-attention, key and value read the other stream.
            context: its surroundings.
        """

    def prompts(self) -> Tensor | None:
        """(P, D) further tokens whose keys and values self-attention also attends to; they pass its norm.

        Those of G candidates are (G, P, D), each for its share of the rows.
        """


class TrainableModule(nn.Module):
    """A small module beside a frozen sub-layer, or in its place. What a kind does not override has no effect."""

    reads_summaries: ClassVar[bool] = False
    stacks: ClassVar[bool] = False
    """Whether its formulas are linears, norms and elementwise functions: they hold with more dimensions in front."""
    tokenwise: ClassVar[bool] = False
    """Whether what it gives for one token depends on no other, nor on which modality the token is of."""

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        """As `Addition` has it."""
        del hidden, output, context
        return None

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        """As `Addition` has it."""
        del linear, hidden, context
        return None

    def prompts(self) -> Tensor | None:
        """As `Addition` has it."""
        return None

    def borrowed(self) -> Sequence[nn.Module]:
        """Parts that modules of several places share; their set holds them."""
        return ()

    @classmethod
    def overrides(cls, method: str) -> bool:
        """Whether this kind has a `method` of its own: update, delta or prompts."""
        return getattr(cls, method) is not getattr(TrainableModule, method)
