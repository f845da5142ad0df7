"""The mean of a sequence's tokens, without its padding."""

from torch import Tensor


def mean_token(tokens: Tensor, valid: Tensor | None) -> Tensor:
    """(B, S, D) to (B, 1, D); `valid` (B, S) is False at padding, None where nothing is."""
    if valid is None:
        return tokens.mean(1, keepdim=True)
    weights = valid.to(tokens.dtype).unsqueeze(-1)  # (B, S, 1)
    return (tokens * weights).sum(1, keepdim=True) / weights.sum(1, keepdim=True)
