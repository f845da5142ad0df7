"""Which tokens of a stack's sequence are no padding."""

import torch
from torch import Tensor

from models.architecture import Stack
from models.backbone import Images, Texts

TEXT_STACKS = (Stack.TEXT, Stack.LANGUAGE)


def valid_tokens(texts: Texts, images: Images, stack: Stack) -> Tensor:
    """(R, S) bool for the sequence that `stack` works on: the texts, the images, or both joined."""
    if stack in TEXT_STACKS:
        return texts.valid
    valid = texts.valid.new_ones(images.tokens.shape[:2]) if images.valid is None else images.valid
    return torch.cat([texts.valid, valid], dim=1) if stack is Stack.JOINT else valid


def other_stream(stack: Stack) -> Stack:
    """The stack whose tokens the cross-attention of `stack` reads.

    Raises:
        ValueError: it has none.
    """
    others = {Stack.TEXT: Stack.IMAGE, Stack.IMAGE: Stack.TEXT}
    if stack not in others:
        raise ValueError(f"a sub-layer of stack '{stack}' attends to no other stream")
    return others[stack]
