"""Log lines: for people and for machines, about whom, and never a key."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from service.observing.logs import Form, about, configure

KEY = "tws_0123456789abcdef_" + "5e" * 32


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


def said(form: Form, *, search_id: str | None = None) -> io.StringIO:
    stream = io.StringIO()
    configure("driver", form=form, search_id=search_id, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_says_who_and_when() -> None:
    stream = said("json", search_id="s1")
    logging.getLogger("service.x").info("told %d", 3, extra={"facts": {"route": "/v1"}})
    (line,) = lines(stream)
    assert line.pop("time").endswith("+00:00")
    assert line.pop("pid") > 0
    assert line == {
        "level": "info",
        "process": "driver",
        "logger": "service.x",
        "message": "told 3",
        "search_id": "s1",
        "route": "/v1",
    }


def test_a_block_is_about_somebody_as_soon_as_it_is_known() -> None:
    stream, known = said("json"), {"request_id": "r1", "caller": None}
    with about(lambda: known):
        logging.info("before")
        known["caller"] = "ada/k1"
        logging.info("after")
    logging.info("outside")
    before, after, outside = lines(stream)
    assert "caller" not in before
    assert (after["request_id"], after["caller"]) == ("r1", "ada/k1")
    assert "request_id" not in outside


def test_every_thread_of_a_driver_speaks_of_its_search() -> None:
    stream = said("json", search_id="s1")
    thread = threading.Thread(target=lambda: logging.warning("here"))
    thread.start()
    thread.join()
    assert lines(stream)[0]["search_id"] == "s1"


def test_a_traceback_is_part_of_its_line() -> None:
    stream = said("json")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.exception("it failed")
    (line,) = lines(stream)
    assert line["traceback"].endswith("RuntimeError: boom")


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_secret_of_a_key_is_never_written(form: Form) -> None:
    stream = said(form)
    try:
        raise RuntimeError(f"refused {KEY}")
    except RuntimeError:
        logging.exception("with %s", KEY)
    assert "5e5e" not in stream.getvalue()
    assert stream.getvalue().count("tws_0123456789abcdef_...") == 2


def test_a_line_for_people() -> None:
    stream = said("text", search_id="s1")
    logging.getLogger("service.x").warning("slow")
    assert stream.getvalue().endswith(" WARNING service.x: slow [search_id=s1]\n")


def test_no_line_can_be_forged() -> None:
    stream = said("text")
    logging.info("no search 'x\r\n2026-01-01 INFO service: all is well\x1b[2K\u2028'")
    first, second = stream.getvalue().splitlines()
    assert first.endswith(r"no search 'x\r")
    assert second == r"    2026-01-01 INFO service: all is well\x1b[2K\u2028'"


def test_loud_libraries_are_quiet() -> None:
    stream = said("text")
    logging.getLogger("alembic.runtime").info("will assume transactional DDL")
    assert stream.getvalue() == ""
