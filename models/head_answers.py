"""Which answers a VQA head of a backbone has on a data set, without torch: the cost of the head depends on it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models.data.vocabulary import Vocabulary, VocabularyError

ARROW, JSON = "*.arrow", "*.json"


@dataclass(frozen=True, slots=True)
class HeadAnswers:
    """Answers by label id; `own` says that they are those of the backbone's own head, else it gets a new one."""

    names: tuple[str, ...]
    own: bool


def answers_on(known: tuple[str, ...], vocabulary: tuple[str, ...], *, backbone: str) -> HeadAnswers:
    """The answers for a data set with this vocabulary, given those of the backbone's own head (our design).

    The backbone's own head serves where it knows every answer of the data, in its own order. A head whose answers have
    label ids for names, as in released METER and ViLT checkpoints, serves where the data's published vocabulary has as
    many: that is the order in which those were trained. Every other backbone gets a new head.

    Raises:
        VocabularyError: answers have label ids for names and the data's vocabulary has another size.
    """
    if known and known == tuple(map(str, range(len(known)))):
        if len(known) != len(vocabulary):
            raise VocabularyError(
                f"the VQA head of backbone '{backbone}' has {len(known)} answers without names, the data has "
                f"{len(vocabulary)}: put the answers, in the head's order, into `answers` of its config.json"
            )
        return HeadAnswers(vocabulary, own=True)
    return HeadAnswers(known, own=True) if set(vocabulary) <= set(known) else HeadAnswers(vocabulary, own=False)


def data_answers(folder: Path) -> tuple[str, ...]:
    """The VQA vocabulary of a folder of real data; raw annotations are read through once, then remembered.

    Raises:
        ValueError: the folder holds no data for VQA, or its files cannot be read.
    """
    files = sorted(file for pattern in (ARROW, JSON) for file in folder.glob(pattern))
    stamps = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    return _vocabulary(folder, stamps).answers


@lru_cache(maxsize=32)
def _vocabulary(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> Vocabulary:
    del stamps  # other files are another call
    from models.data.answers import data_vocabulary
    from models.data.found import Format
    from models.data.skips import OnError, Skips
    from models.data.source import Source, choose_data, open_source
    from models.workload import TaskName

    found = choose_data(folder, TaskName.VQA)
    raw = found.format is Format.RAW  # whose annotations alone tell the answers
    return data_vocabulary(Source(found, (), ()) if raw else open_source(found, Skips(OnError.SKIP)))
