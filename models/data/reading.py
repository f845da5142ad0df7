"""How a backbone wants texts and pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from models.data.transforms import Transformed
from models.foreground.look import Look

TEXTS = 8  # of a retrieval example: one true, the others false; ViLT and METER train with 16

ImageTransform = Callable[[Image.Image], Transformed]
"""A picture as a network's pixels, such as `partial(vilt_transform, shorter=384)`; another process must find it."""

_PADDINGS = ("[PAD]", "<pad>")  # BERT's and RoBERTa's


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`answers` are those of the network's VQA head by label id; empty: those of the data.

    Every text has `text_tokens` tokens, its frame among them; a longer one is cut, a shorter one padded. With a `look`,
    batches have a foreground.
    """

    tokenizer: Tokenizer
    text_tokens: int
    transform: ImageTransform
    answers: Sequence[str] = ()
    texts: int = TEXTS
    look: Look | None = None

    def __post_init__(self) -> None:
        padding = self.tokenizer.padding
        token = padding["pad_token"] if padding else _padding_token(self.tokenizer)
        own = Tokenizer.from_str(self.tokenizer.to_str())  # the caller's keeps its settings
        own.enable_truncation(self.text_tokens)
        own.enable_padding(pad_id=own.token_to_id(token), pad_token=token, length=self.text_tokens)
        object.__setattr__(self, "tokenizer", own)

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids and attention mask, each (T, L) int64."""
        encodings = self.tokenizer.encode_batch(list(texts))
        ids = torch.tensor([encoding.ids for encoding in encodings])
        return ids, torch.tensor([encoding.attention_mask for encoding in encodings])


def _padding_token(tokenizer: Tokenizer) -> str:
    """The token that pads.

    Raises:
        ValueError: the vocabulary has none.
    """
    for token in _PADDINGS:
        if tokenizer.token_to_id(token) is not None:
            return token
    raise ValueError(f"the tokenizer pads with nothing and knows none of {', '.join(_PADDINGS)}: save it with padding")
