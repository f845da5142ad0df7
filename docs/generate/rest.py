"""The REST API, from the OpenAPI document that the service itself serves."""

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docs.generate.schema import fields, kind, meaning, table
from search.spec import SearchSpec
from service.api.app import create_app
from service.cli.composition import api_services
from service.settings import Settings

HEAD = """\
# REST

Made from the code by `python -m docs.generate`; a running service has the same at `/openapi.json`. Every error is a
problem document (RFC 9457) whose `errors` name each wrong field. Keys go in `Authorization: Bearer tws_...`; from
loopback none is needed unless the installation asks for one.
"""
METHODS = ("get", "post", "put", "patch", "delete")
PARTS_OF_SPEC = frozenset(SearchSpec.model_json_schema()["$defs"])
"""These are described on the page of the spec."""


def rest_page() -> str:
    """Every route with its parameters, body and answers, then every body."""
    with TemporaryDirectory() as folder:
        services = api_services(Settings(state_dir=Path(folder)))
        document = create_app(services).openapi()
        services.store.engine.dispose()
    routes = "".join(_routes(document["paths"]))
    bodies = "".join(_bodies(document["components"]["schemas"]))
    contents = _contents(document["paths"])
    page = f"{HEAD}\n{contents}{routes}\n# Bodies\n\nParts of a spec are in [the spec](spec.md).\n{bodies}"
    for name in PARTS_OF_SPEC:
        page = page.replace(f"](#{name.lower()})", f"](spec.md#{name.lower()})")
    return page


def _operations(paths: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, each in paths.items():
        yield from ((f"{method.upper()} {path}", each[method]) for method in METHODS if method in each)


def _contents(paths: Mapping[str, Any]) -> str:
    rows = [(f"`{name}`", _said(operation).partition("\n")[0]) for name, operation in _operations(paths)]
    return table(("route", "what it does"), rows)


def _routes(paths: Mapping[str, Any]) -> Iterator[str]:
    for name, operation in _operations(paths):
        parts = [f"\n## {name}", _said(operation), _parameters(operation), _body(operation), _answers(operation)]
        yield "\n\n".join(filter(None, parts)) + "\n"


def _said(operation: Mapping[str, Any]) -> str:
    return cleandoc(operation.get("description") or operation.get("summary", ""))


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = [
        (f"`{each['name']}`", each["in"], kind(each["schema"]), meaning({**each["schema"], **_description(each)}))
        for each in operation.get("parameters", ())
    ]
    return table(("parameter", "in", "type", "meaning"), rows).rstrip() if rows else ""


def _description(parameter: Mapping[str, Any]) -> dict[str, str]:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _body(operation: Mapping[str, Any]) -> str:
    kinds = _media(operation.get("requestBody", {}))
    return f"Body: {', '.join(kinds)}." if kinds else ""


def _answers(operation: Mapping[str, Any]) -> str:
    lines = []
    for code, response in operation["responses"].items():
        kinds = _media(response)
        lines.append(f"- {code}: {', '.join(kinds) or response['description']}")
    return "\n".join(lines)


def _media(content: Mapping[str, Any]) -> list[str]:
    """What a body or an answer is, by media type."""
    return [f"{_shown(each.get('schema', {}))} as `{media}`" for media, each in content.get("content", {}).items()]


def _shown(schema: Mapping[str, Any]) -> str:
    return "[a spec](spec.md)" if schema.get("title") == SearchSpec.__name__ else kind(schema)


def _bodies(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(schemas.keys() - PARTS_OF_SPEC):
        schema = schemas[name]
        said = cleandoc(schema.get("description", ""))
        body = fields(schema) if schema.get("type") == "object" else f"{kind(schema)}\n"
        yield "\n" + "\n\n".join(filter(None, [f"## {name}", said, body]))
