"""What an installation may set, from `service/settings.py` and the comments beside its fields."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.generate.schema import NO_DEFAULT, kind, meaning, table
from docs.generate.source_fields import source_fields
from service.settings import Settings

HEAD = """\
# Settings

Made from the code by `python -m docs.generate`. Each is an environment variable of every process of an installation;
`none` says that there is none. A secret may come from a file: its variable with `_FILE` behind it names the file.

"""
OF_CODE = re.compile(r"(^|; )repr: .*")  # what a comment says to those who read the code
OF_CLIENTS = (
    ("TWINSIEVE_SERVER", "string", "`http://127.0.0.1:8321`", "of commands and Python: whom they talk to"),
    ("TWINSIEVE_API_KEY", "string", "", "of commands and Python: the key that they show"),
)


def settings_page() -> str:
    """Every setting: variable, type, default, meaning."""
    comments = {each.name: OF_CODE.sub("", each.comment) for each in source_fields(Settings)}
    schema = Settings.model_json_schema(mode="validation")["properties"]
    rows = [_row(name, each, schema[name], comments) for name, each in Settings.model_fields.items()]
    shown = [(f"`{name}`", *rest) for name, *rest in (*rows, *OF_CLIENTS)]
    return HEAD + table(("variable", "type", "default", "meaning"), shown)


def _row(name: str, field: FieldInfo, schema: Mapping[str, Any], comments: Mapping[str, str]) -> tuple[str, ...]:
    said = "; ".join(filter(None, [comments.get(name, ""), meaning(schema)]))
    return f"TWINSIEVE_{name.upper()}", kind(schema), _default(field), said


def _default(field: FieldInfo) -> str:
    found = field.get_default(call_default_factory=False)
    if found is PydanticUndefined or found is None:
        return NO_DEFAULT if found is PydanticUndefined else "`none`"
    return f"`{found if isinstance(found, Path | str) else json.dumps(found)}`"
