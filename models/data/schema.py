"""The columns of METER's and ViLT's arrow files, and whether a file has them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pyarrow as pa

from models.data.errors import FileFormatError
from models.workload import TaskName

_STRINGS = pa.list_(pa.string())

SCHEMAS: Mapping[TaskName, pa.Schema] = MappingProxyType(
    {
        TaskName.VQA: pa.schema(
            {
                "image": pa.binary(),
                "questions": _STRINGS,
                "answers": pa.list_(_STRINGS),
                "answer_labels": pa.list_(pa.list_(pa.int64())),
                "answer_scores": pa.list_(pa.list_(pa.float64())),
                "image_id": pa.int64(),
                "question_id": pa.list_(pa.int64()),
                "split": pa.string(),
            }
        ),
        TaskName.NLVR2: pa.schema(
            {
                "image_0": pa.binary(),
                "image_1": pa.binary(),
                "questions": _STRINGS,
                "answers": _STRINGS,
                "identifier": pa.string(),
            }
        ),
        TaskName.RETRIEVAL: pa.schema(
            {"image": pa.binary(), "caption": _STRINGS, "image_id": pa.string(), "split": pa.string()}
        ),
    }
)

IMAGES: Mapping[TaskName, tuple[str, ...]] = MappingProxyType(
    {TaskName.VQA: ("image",), TaskName.NLVR2: ("image_0", "image_1"), TaskName.RETRIEVAL: ("image",)}
)
KEYS: Mapping[TaskName, str] = MappingProxyType(
    {TaskName.VQA: "image_id", TaskName.NLVR2: "identifier", TaskName.RETRIEVAL: "image_id"}
)
TEXTS: Mapping[TaskName, str] = MappingProxyType(
    {TaskName.VQA: "questions", TaskName.NLVR2: "questions", TaskName.RETRIEVAL: "caption"}
)

_FAMILIES: tuple[tuple[Callable[[pa.DataType], bool], ...], ...] = (
    (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
    (pa.types.is_integer,),
    (pa.types.is_floating,),
)
_LISTS = (pa.types.is_list, pa.types.is_large_list)


def check_schema(actual: pa.Schema, task: TaskName, *, file: str) -> None:
    """Refuse a file without the columns of `task`; further columns are ignored.

    Raises:
        FileFormatError: a column is missing or of another type.
    """
    expected = SCHEMAS[task]
    wrong = [
        name
        for name, wanted in zip(expected.names, expected.types, strict=True)
        if name not in actual.names or not readable(actual.field(name).type, wanted)
    ]
    if wrong:
        raise FileFormatError(
            f"{file} has another schema; wrong: {', '.join(wrong)}; expected {_described(expected)}; "
            f"got {_described(actual)}: convert the raw data again with `twinsieve data convert`"
        )


def readable(actual: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of `actual` read as `wanted`: sizes may differ, and a column without values may have no type."""
    if pa.types.is_null(actual):
        return True
    if _any(_LISTS, wanted):
        return _any(_LISTS, actual) and readable(actual.value_type, wanted.value_type)
    return any(_any(family, actual) and _any(family, wanted) for family in _FAMILIES)


def _any(tests: tuple[Callable[[pa.DataType], bool], ...], actual: pa.DataType) -> bool:
    return any(test(actual) for test in tests)


def _described(schema: pa.Schema) -> str:
    return "{" + ", ".join(f"{name}: {kind}" for name, kind in zip(schema.names, schema.types, strict=True)) + "}"
