"""The page that a report is: whole, alone, and run by nobody but itself."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from service.report.bundle import bundle
from service.report.document import document
from service.report.html import _harmless, html, policy
from service.report.report import Report
from service.report.text import flat
from tests.service.report.hostile import ALL, SCRIPT, report
from tests.service.report.made_source import made

ADDRESSES = ("src", "href", "action", "data", "poster", "srcset", "formaction", "background")


class Read(HTMLParser):
    """Tags, attributes and text as a browser would find them, and the content of each script."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags = list[str]()
        self.attributes = list[tuple[str, str | None]]()
        self.scripts = list[str]()
        self.text = ""
        self._in_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def usual() -> Read:
    return Read(html(document(Report.of(made()))))


@pytest.fixture(scope="module")
def hostile() -> Read:
    return Read(html(document(report())))


def test_it_asks_nobody_for_anything(usual: Read) -> None:
    addresses = [value for name, value in usual.attributes if name in ADDRESSES]
    assert addresses
    assert all(value is not None and value.startswith("#") for value in addresses)
    assert not {"link", "iframe", "img", "object", "embed", "base"} & set(usual.tags)


def test_its_policy_allows_its_two_scripts_alone(usual: Read) -> None:
    data, plotly, own = usual.scripts
    digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (plotly, own)]
    assert re.findall(r"'sha256-([^']+)'", policy()) == digests
    assert ("content", policy()) in usual.attributes
    assert "unsafe-inline" not in policy().partition("style-src")[0]
    assert {each["name"] for each in json.loads(data)} == {"tested", "trade-off", "progress", "kept", "audits"}
    assert plotly == _harmless(bundle())


def test_every_plot_has_its_place_and_every_table_its_names(usual: Read) -> None:
    places = [value for name, value in usual.attributes if name == "id"]
    assert len(places) == len(set(places))
    assert {f"figure-{each['name']}" for each in json.loads(usual.scripts[0])} <= set(places)
    assert usual.tags.count("caption") == usual.tags.count("table") == 10
    assert usual.tags.count("h1") == 1


def test_who_sees_no_plots_is_sent_to_where_their_numbers_are(usual: Read) -> None:
    places = usual.text.count("This plot needs JavaScript; the report as JSON has its numbers.")
    assert places == len(json.loads(usual.scripts[0]))


def test_hostile_text_is_text(usual: Read, hostile: Read) -> None:
    assert len(hostile.scripts) == 3
    assert hostile.scripts[1:] == usual.scripts[1:]
    assert set(hostile.tags) == set(usual.tags)
    assert not [name for name, _ in hostile.attributes if name.startswith("on")]
    assert hostile.text.count(flat(SCRIPT)) > 20
    assert flat(ALL) in hostile.text
    assert json.loads(hostile.scripts[0])[3]["traces"][0]["y"][0] == f"{ALL} 0"


def test_nothing_turns_the_direction_of_text(hostile: Read) -> None:
    assert not set(hostile.text) & set("\u202e\u2066\u0000\u0007\ud800")


def test_a_script_cannot_end_before_its_end() -> None:
    assert _harmless("a = '</script><!-- <script>'") == "a = '<\\/script><\\!-- <script>'"
