"""Backbone folders of any size with random weights and a tokenizer for the generated questions."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from torch import nn

from models.checkpoints import save_network
from models.heads import TASKS
from models.meter import Meter
from models.meter_config import MeterConfig
from models.network import Network
from models.registry import BackboneEntry, read_entry
from models.vilt import Vilt
from models.vilt_config import ViltConfig
from models.weights import TOKENIZER, empty_backbone
from models.workload import TaskName

SPECIALS = {0: ("[PAD]", "[CLS]", "[SEP]", "[UNK]"), 1: ("<s>", "<pad>", "</s>", "<unk>")}
"""Special tokens by the id that pads: BERT's and RoBERTa's."""
DEVIATION = 0.02


def random_backbone(
    folder: Path, config: MeterConfig | ViltConfig, *, answers: Sequence[str], texts: Sequence[str], seed: int = 0
) -> BackboneEntry:
    """The backbone of these sizes in `folder`, with a head for `answers`; one that is there already stays.

    Args:
        folder: its name is the backbone's.
        config: its sizes.
        answers: of the VQA head, by label id.
        texts: whose words its tokenizer knows.
        seed: of the weights.
    """
    entry = _present(folder)
    if entry is not None and (entry.config, entry.answers) == (config, tuple(answers)):
        return entry
    backbone, head = _random_weights(config, len(answers), seed)
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = Path(scratch) / TOKENIZER
        word_tokenizer(config.pad_id, texts).save(str(tokenizer))
        network = Network(backbone, nn.ModuleDict({str(TaskName.VQA): head}), tuple(answers), tokenizer)
        save_network(folder, network, provenance={"weights": f"random, seed {seed}"})
    return read_entry(folder.name, folder)


def word_tokenizer(pad_id: int, texts: Sequence[str]) -> Tokenizer:
    """A tokenizer that knows the words of `texts` and pads as BERT (id 0) or RoBERTa (id 1)."""
    specials, split = SPECIALS[pad_id], Whitespace()
    first, last, unknown = specials[1 - pad_id], specials[2], specials[3]
    words = sorted({word for text in texts for word, _ in split.pre_tokenize_str(text.lower())})
    ids = {token: place for place, token in enumerate((*specials, *words))}
    tokenizer = Tokenizer(WordLevel(ids, unk_token=unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), split
    frame = [(first, ids[first]), (last, ids[last])]
    tokenizer.post_processor = TemplateProcessing(single=f"{first} $A {last}", special_tokens=frame)
    return tokenizer


def _present(folder: Path) -> BackboneEntry | None:
    """The backbone that an earlier call left there."""
    try:
        return read_entry(folder.name, folder)
    except ValueError:
        return None


def _random_weights(config: MeterConfig | ViltConfig, answers: int, seed: int) -> tuple[Meter | Vilt, nn.Module]:
    """A backbone and its VQA head: norms and biases as initialised, all else normal with deviation 0.02."""
    with torch.device("meta"):  # an initialisation of its own would take longer and draw from the global generator
        backbone, head = empty_backbone(config), TASKS[TaskName.VQA].head(config, answers)
    generator = torch.Generator().manual_seed(seed)
    for module in (backbone, head):
        module.to_empty(device="cpu").eval().requires_grad_(False)
        for name, parameter in module.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.ndim == 1 and name.endswith("weight"):
                parameter.fill_(1.0)
            else:
                parameter.normal_(0, DEVIATION, generator=generator)
    return backbone, head
