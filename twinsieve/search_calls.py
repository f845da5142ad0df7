"""What can be asked of searches: each a `Call`, for the client that waits and the one that does not."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from twinsieve.call import Call, Page, new_key, read_as, read_json, segment
from twinsieve.candidate import Candidate, Candidates
from twinsieve.errors import SpecFileError
from twinsieve.search_state import SearchState, SearchSummary

PAGE = 200  # items; the service gives no more at once

Action = Literal["pause", "resume", "cancel"]
Catalogue = Literal["backbones", "data", "foregrounds", "tasks", "algorithms"]
After = str | int | None
SpecSource = Mapping[str, Any] | str | Path

_state = read_as(TypeAdapter(SearchState))
_candidates = read_as(TypeAdapter(tuple[Candidate, ...]))
_candidate_page = read_as(TypeAdapter(Page[Candidate]))
_summary_page = read_as(TypeAdapter(Page[SearchSummary]))
_raw_page = read_as(TypeAdapter(Page[Any]))


def at(search_id: str, below: str = "") -> str:
    """The path of a search, or of something of it."""
    return f"/searches/{segment(search_id)}{below}"


def state(search_id: str) -> Call[SearchState]:
    """One search."""
    return Call(method="GET", path=at(search_id), read=_state)


def front(search_id: str) -> Call[Candidates]:
    """Its best, or its Pareto front."""
    return Call(method="GET", path=at(search_id, "/front"), read=lambda answer: Candidates(_candidates(answer)))


def candidates(search_id: str, fidelity: Sequence[str], after: After) -> Call[Page[Candidate]]:
    """A page of its candidates."""
    parameters = {"after": after, "limit": PAGE, "fidelity": [*fidelity]}
    return Call(method="GET", path=at(search_id, "/candidates"), parameters=parameters, read=_candidate_page)


def searches(chosen: Mapping[str, str | None], after: After) -> Call[Page[SearchSummary]]:
    """A page of the list."""
    parameters = {**chosen, "after": after, "limit": PAGE}
    return Call(method="GET", path="/searches", parameters=parameters, read=_summary_page)


def page(path: str, parameters: Mapping[str, Any], after: After) -> Call[Page[Any]]:
    """A page of any list, its items as JSON."""
    return Call(method="GET", path=path, parameters={"limit": PAGE, **parameters, "after": after}, read=_raw_page)


def submission(
    spec: Mapping[str, Any],
    *,
    labels: Iterable[str],
    priority: int | None,
    seeds_from: str | None,
    key: str | None,
) -> Call[SearchState]:
    """A new search."""
    parameters = {"label": [*labels], "priority": priority, "seeds_from": seeds_from}
    return Call(method="POST", path="/searches", parameters=parameters, body=spec, key=key or new_key(), read=_state)


def action(search_id: str, name: Action) -> Call[SearchState]:
    """A change of whether it runs."""
    return Call(method="POST", path=at(search_id, f"/{name}"), read=_state)


def change(search_id: str, changes: Mapping[str, object]) -> Call[SearchState]:
    """A change of how it runs, or of what is said about it; None leaves things as they are."""
    body = {name: value for name, value in changes.items() if value is not None}
    return Call(method="PATCH", path=at(search_id), body=body, read=_state)


def extension(search_id: str, number: int, key: str | None) -> Call[SearchState]:
    """A new search with more candidates that takes over what this one measured."""
    body = {"candidates": number}
    return Call(method="POST", path=at(search_id, "/extend"), body=body, key=key or new_key(), read=_state)


def copy(search_id: str, changes: Mapping[str, Any], key: str | None) -> Call[SearchState]:
    """A new search of the same spec with the changes of a JSON Merge Patch (RFC 7396)."""
    return Call(method="POST", path=at(search_id, "/clone"), body=changes, key=key or new_key(), read=_state)


def deletion(search_id: str) -> Call[None]:
    """The end of an ended search, or of what it exported."""
    return Call(method="DELETE", path=at(search_id), read=lambda _answer: None)


def artifacts_deletion(search_id: str) -> Call[SearchState]:
    """The end of what a search exported."""
    return Call(method="DELETE", path=at(search_id, "/artifacts"), read=_state)


def report(search_id: str, form: str) -> Call[str]:
    """What a search found, for people."""
    return Call(
        method="GET", path=at(search_id, "/report"), parameters={"format": form}, read=lambda answer: answer.text
    )


def catalogue(name: Catalogue) -> Call[list[dict[str, Any]]]:
    """What the service knows of one kind."""
    return Call(method="GET", path=f"/{name}", read=read_json)


def spec_of(source: SpecSource | None, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The spec in `source`, a mapping or a YAML or JSON file, with `keys` in place of its own.

    Raises:
        SpecFileError: the file cannot be read, or holds no spec.
    """
    given = {} if source is None else source if isinstance(source, Mapping) else _read(Path(source))
    return {**given, **keys}


def _read(file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecFileError(f"{file} cannot be read as a spec: {error}") from None
    if not isinstance(found, Mapping):
        raise SpecFileError(f"{file} is no spec: expected keys and values, found {type(found).__name__}")
    return found
