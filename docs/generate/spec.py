"""Every key of a spec."""

from inspect import cleandoc
from typing import Any

from docs.generate.schema import fields
from search.spec import SearchSpec

HEAD = """\
# The spec of a search

Made from the code by `python -m docs.generate`. A spec is YAML or JSON; unknown keys are refused, and what is left out
has a default. What stands in `[brackets](#searchspec)` is described further down.
"""


def spec_page() -> str:
    """The spec, then its parts in the order in which it names them."""
    schema = SearchSpec.model_json_schema()
    parts: dict[str, Any] = schema.pop("$defs")
    named = {"SearchSpec": schema, **{name: parts[name] for name in _order(schema, parts)}}
    return HEAD + "".join(_section(name, each) for name, each in named.items())


def _section(name: str, schema: dict[str, Any]) -> str:
    said = cleandoc(schema.get("description", "")).replace("\n\n", "\n").replace("\n", " ")
    body = fields(schema) if "properties" in schema else _choices(schema)
    return f"\n## {name}\n\n{said}\n\n{body}"


def _choices(schema: dict[str, Any]) -> str:
    return f"One of {', '.join(f'`{value}`' for value in schema.get('enum', ()))}.\n"


def _order(schema: object, parts: dict[str, Any]) -> list[str]:
    """The names of the parts that a schema refers to, each where it is met first."""
    found: dict[str, None] = {}

    def visit(node: object) -> None:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = None
                visit(parts[name])
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for value in node:
                visit(value)

    visit(schema)
    return list(found)
