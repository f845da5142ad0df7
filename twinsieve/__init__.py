"""Twinsieve from Python: submit a search, wait for it, and use the model that it found.

    import twinsieve

    with twinsieve.Client() as client:
        search = client.submit(task="vqa", budget={"candidates": 48}).wait()
        model = twinsieve.load(search.download("model"))

Nothing is loaded before it is used: importing this costs neither torch nor the service's own packages.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinsieve import errors
    from twinsieve.async_client import AsyncClient
    from twinsieve.async_search_handle import AsyncSearchHandle
    from twinsieve.candidate import Candidate, Candidates
    from twinsieve.client import Client
    from twinsieve.errors import ProblemError, TwinsieveError
    from twinsieve.event import Event
    from twinsieve.frames import to_frame
    from twinsieve.loading import load
    from twinsieve.retries import Retries
    from twinsieve.search_handle import SearchHandle
    from twinsieve.search_state import SearchState, SearchSummary

__all__ = [
    "AsyncClient",
    "AsyncSearchHandle",
    "Candidate",
    "Candidates",
    "Client",
    "Event",
    "ProblemError",
    "Retries",
    "SearchHandle",
    "SearchState",
    "SearchSummary",
    "TwinsieveError",
    "errors",
    "load",
    "to_frame",
]

_WHERE = {
    "AsyncClient": "async_client",
    "AsyncSearchHandle": "async_search_handle",
    "Candidate": "candidate",
    "Candidates": "candidate",
    "Client": "client",
    "Event": "event",
    "ProblemError": "errors",
    "Retries": "retries",
    "SearchHandle": "search_handle",
    "SearchState": "search_state",
    "SearchSummary": "search_state",
    "TwinsieveError": "errors",
    "load": "loading",
    "to_frame": "frames",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    """Import what is used, when it is used."""
    if name == "errors":
        return import_module("twinsieve.errors")
    if name not in _WHERE:
        raise AttributeError(f"module 'twinsieve' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"twinsieve.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """What completion offers."""
    return [*__all__]
