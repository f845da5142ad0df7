"""`to_frame`: candidates or searches as a data frame, where pandas is installed."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from twinsieve.candidate import Candidate
from twinsieve.errors import MissingPackageError
from twinsieve.search_state import SearchSummary

if TYPE_CHECKING:
    from pandas import DataFrame


def to_frame(values: Iterable[Candidate | SearchSummary], *, columns: Sequence[str] = ()) -> "DataFrame":
    """A line for each value, under its index or id; `columns` come first, and are there even where nothing is.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise MissingPackageError("data frames need pandas, which is not installed: pip install pandas") from None
    rows = [value.row() for value in values]
    names = list(dict.fromkeys((*columns, *(name for row in rows for name in row))))
    frame = pandas.DataFrame(rows, columns=names)
    return frame.set_index(names[0]) if names else frame
