"""A split that is read from the data whenever it is asked for."""

from pathlib import Path

import torch

from models.batch import Split
from models.data.folders import DataFolders
from models.datasets import open_data
from models.workload import TaskName
from tests.models.data import raw_world
from tests.workers.specs import CPU
from workers import examples


def test_a_streamed_split_gives_any_rows(tmp_path: Path) -> None:
    raw_world.write_vqa(tmp_path / "vqa", {"train": 30, "val": 8})
    data = open_data("vqa", TaskName.VQA, folders=DataFolders(tmp_path), reading=raw_world.reading())
    streamed = examples.Streamed(data, Split.TRAIN, 9, CPU)
    whole = data.examples(Split.TRAIN, 9)
    assert len(streamed) == 9
    for index in (torch.tensor([7, 0, 7]), slice(2, 100)):
        part = streamed.rows(index)
        assert torch.equal(part.input_ids, whole.rows(index).input_ids)
        assert torch.equal(part.targets, whole.rows(index).targets)
