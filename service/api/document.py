"""`put_right`: the OpenAPI document as FastAPI makes it, with what FastAPI cannot know."""

import json
from collections.abc import Iterator
from typing import Any

from service.api.problems import MEDIA_TYPE

EVENTS = "text/event-stream"
DEFINITIONS = "$defs"
PROBLEM = {"$ref": "#/components/schemas/Problem"}
METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def put_right(document: dict[str, Any]) -> dict[str, Any]:
    """Problems have a media type of their own, events are no one string, definitions inside a body's schema are found.

    Raises:
        ValueError: two different schemas have one name.
    """
    for operation in _operations(document):
        for response in operation["responses"].values():
            content = response.get("content", {})
            if [each.get("schema") for each in content.values()] == [PROBLEM]:
                response["content"] = {MEDIA_TYPE: {"schema": PROBLEM}}
            elif EVENTS in content:
                content[EVENTS] = {}
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _hoist(content["schema"], document["components"]["schemas"])
    text = json.dumps(document)
    found: dict[str, Any] = json.loads(text.replace(f'"#/{DEFINITIONS}/', '"#/components/schemas/'))
    return found


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in METHODS)


def _hoist(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    for name, definition in schema.pop(DEFINITIONS, {}).items():
        if _floats(schemas.setdefault(name, definition)) != _floats(definition):
            raise ValueError(f"two schemas are called {name}: rename one of the models")


def _floats(definition: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """With each number as a float, which FastAPI makes of the bounds in some places and not in others."""
    return json.loads(json.dumps(definition), parse_int=float)
