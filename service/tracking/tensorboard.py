"""`TensorboardTracker`: event files for TensorBoard, a folder for each search, by the tensorboardX that Ray brings."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from service.tracking.tracker import Ending, Point, Run, TrackerError

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter  # type: ignore[import-untyped]  # carries no types

FLUSH_SECONDS = 5


class TensorboardTracker:
    """Writes under `folder`, which `tensorboard --logdir` reads.

    A search that goes on in another process is written anew from its first step; the new file tells TensorBoard to
    forget what the earlier one said.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def begin(self, run: Run) -> None:
        """Open an event file.

        Raises:
            TrackerError: tensorboardX is not installed.
            OSError: the folder cannot be written.
        """
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise TrackerError("install the extra 'tensorboard', or Twinsieve's 'workers'") from None
        folder = self._folder / f"{run.name}-{run.search_id}"
        suffix = f".{time.time_ns()}"  # files are read in the order of their names, which else tell seconds alone
        writer = SummaryWriter(str(folder), purge_step=0, flush_secs=FLUSH_SECONDS, filename_suffix=suffix)
        about = {"search": run.search_id, "owner": run.owner, "labels": list(run.labels), "version": run.version}
        for title, data in (("about", about), ("spec", dict(run.spec))):
            text = "    " + json.dumps(data, indent=2).replace("\n", "\n    ")  # indented: Markdown shows it as it is
            writer.add_text(title, text, 0, walltime=run.began.timestamp())
        self._writer = writer

    def write(self, points: Sequence[Point]) -> None:
        """A scalar for each value, at the time when it was measured."""
        for point in points:
            for name, value in point.values.items():
                self._open().add_scalar(name, value, point.step, walltime=point.at.timestamp())
        self._open().flush()

    def end(self, ending: Ending | None, files: Sequence[Path]) -> None:
        """Close the file; TensorBoard keeps no others."""
        del files
        if ending is not None:
            self._open().add_text("status", str(ending), 0)
        self._open().close()

    def _open(self) -> "SummaryWriter":
        if self._writer is None:
            raise TrackerError("it was not begun")
        return self._writer
