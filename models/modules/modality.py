"""Which tokens of a sequence are text and which are image; without torch, for modules and costs alike."""

from collections.abc import Mapping
from enum import StrEnum

from models.architecture import Stack


class Modality(StrEnum):
    """What a token stands for."""

    TEXT = "text"
    IMAGE = "image"

    @property
    def other(self) -> "Modality":
        """The other one."""
        return Modality.IMAGE if self is Modality.TEXT else Modality.TEXT


def spans(stack: Stack, tokens: int, text_tokens: int, *, other: bool = False) -> Mapping[Modality, slice]:
    """Where each modality stands in a sequence of `tokens`, in their order; `other` is what cross-attention reads."""
    if stack is Stack.JOINT:
        return {Modality.TEXT: slice(0, text_tokens), Modality.IMAGE: slice(text_tokens, tokens)}
    own = Modality.TEXT if stack in (Stack.TEXT, Stack.LANGUAGE) else Modality.IMAGE
    return {own.other if other else own: slice(0, tokens)}
