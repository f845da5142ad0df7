"""How searches and candidates look in a notebook."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from service.api.services import Services
from tests.service.asking import SPEC
from tests.twinsieve.made import succeeded
from twinsieve.candidate import Candidate, Candidates
from twinsieve.client import Client

HOSTILE = "<script>alert(1)</script>&"


class Reader(HTMLParser):
    """What a browser would see: tags in order, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags = list[str]()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def candidate(index: int, **values: Any) -> Candidate:  # noqa: ANN401 - any of its fields
    now = datetime(2026, 1, 1, tzinfo=UTC)
    fields = {
        "index": index,
        "genome": (1, 0),
        "fidelity": "proxy",
        "architecture": None,
        "measurement": {"accuracy": 0.5, "macs": 1e6},
        "failure": None,
        "seconds": 1.0,
        "reused_from": None,
        "told_order": index,
        "asked_at": now,
        "told_at": now,
    }
    return Candidate.model_validate(fields | values)


def test_a_search(client: Client, services: Services) -> None:
    search = client.submit(SPEC, labels=[HOSTILE])
    succeeded(services)
    seen = Reader(search.refresh()._repr_html_())
    assert "script" not in seen.tags
    assert seen.text.count(HOSTILE) == 1
    assert "progress" in seen.tags
    for expected in (search.id, "succeeded", "3 of 8", "candidate 0: accuracy 0.75, macs 500000"):
        assert expected in seen.text


def test_candidates() -> None:
    failed = candidate(1, measurement=None, failure=HOSTILE)
    seen = Reader(Candidates([candidate(0), failed])._repr_html_())
    assert seen.tags.count("tr") == 3
    assert "script" not in seen.tags
    rows = [
        ("index", "fidelity", "accuracy", "macs", "failure"),
        ("0", "proxy", "0.5", "1e+06"),
        ("1", "proxy", HOSTILE),
    ]
    assert seen.text.split() == [cell for row in rows for cell in row]


def test_many_candidates_are_cut() -> None:
    seen = Reader(Candidates([candidate(index) for index in range(25)])._repr_html_())
    assert seen.tags.count("tr") == 21
    assert "and 5 more" in seen.text


def test_none() -> None:
    assert Reader(Candidates()._repr_html_()).tags.count("tr") == 1
