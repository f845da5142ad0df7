"""What clients of a lab ask for, over what `load_rows` stored: submit, poll, list, read candidates, follow events."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from benchmarks.load_client import Call
from benchmarks.load_rows import Rows
from search.spec import SearchSpec

DRAWN = 500  # different requests of one kind, sent in turns
PAGE = 50


class Kind(StrEnum):
    """One kind of request."""

    SUBMIT = "submit"
    POLL = "poll"
    LIST = "list"
    CANDIDATES = "candidates"
    EVENTS = "events"


WORDS: Mapping[Kind, str] = {
    Kind.SUBMIT: "POST /searches, each with an Idempotency-Key of its own",
    Kind.POLL: "GET /searches/{id}: a quarter the long one that runs, a quarter one that waits, else one that is over",
    Kind.LIST: f"GET /searches: {PAGE} behind a random one",
    Kind.CANDIDATES: f"GET /searches/{{id}}/candidates: {PAGE} from a random place of the long one",
    Kind.EVENTS: "GET /searches/{id}/events: all events of a search that is over, to the end of the stream",
}


def calls(rows: Rows, *, key: str, seed: int = 0) -> Mapping[Kind, Sequence[Call]]:
    """Requests by kind, with the API key `key`."""
    chance, measured, ids = random.Random(seed), rows.measured, rows.ids
    long = f"/v1/searches/{rows.long}"
    submit = Call(method="POST", path="/v1/searches", body=SearchSpec(name="load").model_dump(mode="json"), fresh=True)
    drawn: Mapping[Kind, Sequence[Call]] = {
        Kind.SUBMIT: [submit],
        Kind.POLL: [Call(path=f"/v1/searches/{each}") for each in _polled(rows, chance)],
        Kind.LIST: [
            Call(path="/v1/searches", query={"after": chance.choice(ids), "limit": PAGE}) for _ in range(DRAWN)
        ],
        Kind.CANDIDATES: [
            Call(path=f"{long}/candidates", query={"after": chance.randrange(rows.long_candidates), "limit": PAGE})
            for _ in range(DRAWN)
        ],
        Kind.EVENTS: [Call(path=f"/v1/searches/{chance.choice(measured)}/events", stream=True) for _ in range(DRAWN)],
    }
    headers = {"Authorization": f"Bearer {key}"}
    return {kind: [replace(call, headers=headers) for call in several] for kind, several in drawn.items()}


def _polled(rows: Rows, chance: random.Random) -> list[str]:
    measured, queued = rows.measured, rows.queued
    turns = range(DRAWN // 4)
    return [
        each
        for _ in turns
        for each in (rows.long, chance.choice(queued), chance.choice(measured), chance.choice(measured))
    ]
