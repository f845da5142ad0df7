"""The answers by which a VQA data set labels its questions, for a head that has none of its own yet."""

from models.data import raw_vqa
from models.data.errors import DataError
from models.data.found import Format
from models.data.skips import OnError, Skips
from models.data.source import Source
from models.data.vocabulary import Vocabulary

VOCABULARY_FILE = "vqav2_vocabulary.json"  # that `convert` writes beside arrow files


def data_vocabulary(source: Source) -> Vocabulary:
    """The published vocabulary: of raw data, of the file beside arrow files, or as far as these show it.

    Raises:
        DataError: arrow files give one label to two answers, or have none.
    """
    if source.found.format is Format.RAW:
        return raw_vqa.vocabulary(source.found.folder)
    file = source.found.folder / VOCABULARY_FILE
    return Vocabulary.read(file) if file.is_file() else seen_vocabulary(source)


def seen_vocabulary(source: Source) -> Vocabulary:
    """The answers of arrow files by their labels; a label that none was seen for keeps its place, by a name.

    Raises:
        DataError: one label has two answers, or there is none.
    """
    seen: dict[int, str] = {}
    for part in source.parts:
        for _, record in part.each(Skips(OnError.SKIP)):  # whoever reads the questions meets what cannot be read
            for answer in (answer for line in record.lines for answer in line.answers):
                if (first := seen.setdefault(answer.label, answer.text)) != answer.text:
                    raise DataError(
                        f"{part.source.name}: label {answer.label} is {answer.text!r}, elsewhere {first!r}; "
                        "the files were written with different vocabularies: convert them together"
                    )
    if not seen:
        raise DataError(f"{source.found.folder}: no question has an answer; convert the raw data again")
    return Vocabulary(tuple(seen.get(label, f"<label {label}, never seen>") for label in range(max(seen) + 1)))
