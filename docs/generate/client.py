"""The Python client, from its signatures and docstrings."""

import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import twinsieve
from docs.generate.schema import table
from docs.generate.source_fields import source_fields

HEAD = """\
# Python

Made from the code by `python -m docs.generate`. `import twinsieve` needs neither torch nor Ray; `load` imports torch.
"""
PLACE = re.compile(r"(?<=\w) at 0x[0-9a-f]+")  # of a function in memory: another one each time
MODULE = re.compile(r"\b(?:\w+\.)+(?=[A-Z])")  # in front of a class


def client_page() -> str:
    """Everything that `twinsieve` exports."""
    return HEAD + "".join(_part(name, getattr(twinsieve, name)) for name in sorted(twinsieve.__all__))


def _part(name: str, found: object) -> str:
    head = f"\n## {name}\n\n"
    if isinstance(found, ModuleType):
        return f"{head}{_said(found)}\n\n{_errors(found)}"
    if inspect.isclass(found):
        return f"{head}{_class(found)}{''.join(_members(found))}"
    return f"{head}{_signature(found)}{_said(found)}\n" if callable(found) else f"{head}{_said(found)}\n"


def _class(kind: type) -> str:
    fields = source_fields(kind)
    made = "" if fields else _signature(kind)
    begun = inspect.cleandoc(getattr(vars(kind).get("__init__"), "__doc__", None) or "")
    rows = [(f"`{each.name}`", f"`{each.type}`", each.comment) for each in fields]
    shown = table(("field", "type", "meaning"), rows) if rows else ""
    return "\n\n".join(filter(None, [made.strip(), _said(kind), begun, shown.strip()])) + "\n"


def _errors(module: ModuleType) -> str:
    ours = [each for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == module.__name__]
    rows = [(f"`{each.__name__}`", f"`{each.__bases__[0].__name__}`", _said(each).partition("\n")[0]) for each in ours]
    return table(("error", "is a", "when"), rows)


def _members(kind: type) -> Iterator[str]:
    fields = {each.name for each in source_fields(kind)}
    for name, member in _public(kind):
        if isinstance(member, property):
            yield f"\n### {kind.__name__}.{name}\n\n{_said(member)}\n"
        elif name not in fields and inspect.isroutine(member):
            yield f"\n### {kind.__name__}.{name}\n\n{_signature(_plain(member))}{_said(_plain(member))}\n"


def _public(kind: type) -> Iterator[tuple[str, object]]:
    """Members of its own and of our classes above it, in their order there."""
    seen: dict[str, object] = {}
    for each in kind.__mro__:
        if each.__module__.partition(".")[0] == twinsieve.__name__:
            for name, member in vars(each).items():
                seen.setdefault(name, member)
    return ((name, member) for name, member in seen.items() if not name.startswith("_"))


def _plain(member: Any) -> Callable[..., object]:  # noqa: ANN401 - a function, or a static or class method
    found: Callable[..., object] = getattr(member, "__func__", member)
    return found


def _signature(found: Callable[..., object]) -> str:
    if inspect.isclass(found) and issubclass(found, BaseException):
        return ""
    try:
        shown = inspect.signature(found)
    except ValueError:
        return ""
    plain = shown.replace(parameters=[each for name, each in shown.parameters.items() if name != "self"])
    waited = "await " if inspect.iscoroutinefunction(inspect.unwrap(found)) else ""
    return f"```text\n{waited}{found.__name__}{MODULE.sub('', PLACE.sub('', str(plain)))}\n```\n\n"


def _said(found: object) -> str:
    return inspect.getdoc(found) or ""
