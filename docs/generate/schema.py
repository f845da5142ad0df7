"""JSON schemas as tables that people read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters at most",
    "minItems": "{} or more",
    "maxItems": "{} at most",
}
NO_DEFAULT = "*needed*"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def fields(schema: Schema) -> str:
    """The members of an object, one a line: name, type, default, what it means."""
    needed = schema.get("required", ())
    rows = [
        (f"`{name}`", kind(each), NO_DEFAULT if name in needed else default(each), meaning(each))
        for name, each in schema.get("properties", {}).items()
    ]
    return table(("name", "type", "default", "meaning"), rows) if rows else "An object with members of any name.\n"


def kind(schema: Schema) -> str:
    """The type of a value in a few words."""
    if "$ref" in schema:
        return _link(schema["$ref"])
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return ", ".join(map(_value, schema["enum"]))
    if either := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind(each) for each in either))
    if schema.get("type") == "array":
        return _array(schema)
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"object of {kind(inner)}" if isinstance(inner, Mapping) and inner else "object"
    return str(schema.get("format") or schema.get("type") or "anything")


def default(schema: Schema) -> str:
    """What holds where nothing is said; empty where the schema does not tell."""
    if "default" not in schema:
        return ""
    found = schema["default"]
    return "see there" if isinstance(found, Mapping) and found else _value(found)


def meaning(schema: Schema) -> str:
    """What a schema says of a value: its description, then its bounds."""
    bounds = dict.fromkeys(_bounds(schema))
    return "; ".join(filter(None, [" ".join(str(schema.get("description", "")).split()), *bounds]))


def _bounds(schema: Schema) -> Iterable[str]:
    for each in (schema, *schema.get("anyOf", ())):
        yield from (text.format(each[name]) for name, text in BOUNDS.items() if name in each)


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(kind(each) for each in schema['prefixItems'])}]"
    return f"list of {kind(schema.get('items', {}))}"


def _link(reference: str) -> str:
    name = reference.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _value(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"
