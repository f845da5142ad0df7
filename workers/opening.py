"""What a worker opens once for a search: the network with a head for its task, the data, who looks at its images."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from models.batch import TaskData
from models.checkpoints import load_network
from models.data.folders import DataFolders
from models.data.reading import Reading
from models.data.real import SplitChoice
from models.datasets import open_data
from models.folders import Folders
from models.foreground.look import Look
from models.foreground.registry import open_foreground
from models.network import Network
from models.new_head import with_head
from models.pixels import PixelReading, pixel_reading
from models.registry import DATASETS, BackboneEntry
from models.workload import TaskName
from search.named import head_answers
from search.spec import SearchSpec


@dataclass(frozen=True, slots=True)
class Opened:
    """The network on its device; `look` is None where nobody says what is foreground."""

    network: Network
    data: TaskData
    pixels: PixelReading
    look: Look | None


def open_search(
    spec: SearchSpec, entry: BackboneEntry, folders: Folders, *, splits: Path, device: torch.device
) -> Opened:
    """Open what a search names.

    Args:
        spec: what is searched.
        entry: the spec's backbone.
        folders: where data and foregrounds lie.
        splits: the file with the splits of real data. Every worker draws the same ones and writes them whole, so it
            does not matter who comes first.
        device: of the worker.

    Raises:
        ValueError: a part of it is missing, damaged, or does not go with another; the message says which.
    """
    generator = torch.Generator().manual_seed(spec.seed)
    answers = head_answers(spec, entry, folders) if spec.task is TaskName.VQA else None
    network = with_head(load_network(entry.path), spec.task, answers, generator=generator)
    network.backbone.to(device)
    network.heads.to(device)
    provider = open_foreground(spec.space.foreground, folders.foregrounds, device=device)
    look = None if provider is None else Look(provider, entry.config.patch_size)
    pixels = pixel_reading(spec.data, entry.config)
    data = open_data(
        spec.data,
        spec.task,
        folders=DataFolders(folders.data),
        reading=None if spec.data in DATASETS else real_reading(network, pixels),
        choice=SplitChoice(file=splits),  # not by the search's seed: searches of one data set must be comparable
        on_error=spec.bad_examples,
        look=look,
    )
    return Opened(network, data, pixels, look)


def real_reading(network: Network, pixels: PixelReading) -> Reading:
    """How real texts and pictures are read for a network.

    Raises:
        ValueError: it came without a tokenizer, or with one of another vocabulary.
    """
    if network.tokenizer is None:
        raise ValueError("its folder has no tokenizer.json, which texts are read with")
    config = network.config
    reading = Reading(
        tokenizer=Tokenizer.from_file(str(network.tokenizer)),
        text_tokens=config.max_text_length,
        transform=pixels,
        answers=network.answers,
    )
    words, padding = reading.tokenizer.get_vocab_size(), (reading.tokenizer.padding or {})["pad_id"]
    if words > config.vocabulary or padding != config.pad_id:
        raise ValueError(
            f"its tokenizer.json has {words} tokens and pads with {padding}; the network knows {config.vocabulary} and "
            f"pads with {config.pad_id}: they belong to different checkpoints"
        )
    return reading
