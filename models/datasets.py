"""Data sets by name, the embedded world's and those in folders under a configured root; a name is never a path."""

from dataclasses import replace

from models.batch import TaskData
from models.data.folders import DataFolders
from models.data.reading import Reading
from models.data.real import RealData, SplitChoice
from models.data.skips import OnError
from models.foreground.look import Look
from models.registry import DATASETS
from models.shapes.dataset import SIZES, ShapesData
from models.workload import TaskName


def open_data(
    name: str,
    task: TaskName,
    *,
    folders: DataFolders | None = None,
    reading: Reading | None = None,
    choice: SplitChoice | None = None,
    look: Look | None = None,
    on_error: OnError = OnError.RAISE,
) -> TaskData:
    """The examples of `task` in the data set called `name`.

    Args:
        name: an embedded data set, or a folder of real data.
        task: what its examples ask.
        folders: where real data lies.
        reading: how the backbone wants real data; the embedded world brings its own tokenizer and pixels.
        choice: how real data is split, and where that is written down.
        look: who says what is foreground in its images; nobody without one.
        on_error: what a bad example of real data does.

    Raises:
        ValueError: there is no such data set, or it cannot be used for `task`.
    """
    if name in DATASETS:
        small = {split: size // 8 for split, size in SIZES.items()}
        return ShapesData(task, sizes=small if name == "shapes-small" else SIZES, look=look)
    real = folders or DataFolders()
    if name not in real:
        raise ValueError(f"no data set '{name}'; registered: {', '.join((*DATASETS, *real.names()))}")
    if reading is None:
        raise ValueError(f"data set '{name}' is real: it needs a backbone's tokenizer and image transform to be read")
    reading = replace(reading, look=look or reading.look)
    return RealData.open(real.get(name), task, reading, choice=choice or SplitChoice(), on_error=on_error)
