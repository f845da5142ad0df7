"""What a driver says is in the database a moment later, its end and its error included, and without secrets."""

import logging
import time
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy.exc import OperationalError

from service.domain.records import Lease
from service.driving.kept_log import LONGEST, kept_log
from service.searches.log_tails import LogTails
from service.searches.store import Store
from tests.service.toys import claim_new

SOON = 0.01  # seconds between two writes
PATIENCE = 60.0
logger = logging.getLogger("tests.driver")


@pytest.fixture(autouse=True)
def _everything_is_said() -> Iterator[None]:
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def lease(sqlite_store: Store) -> Lease:
    return claim_new(sqlite_store)


def kept(store: Store, lease: Lease) -> Sequence[str]:
    tail = store.log_tails.read(lease.search_id)
    return () if tail is None else tail.lines


def test_lines_come_while_it_runs_and_at_its_end(sqlite_store: Store, lease: Lease) -> None:
    with kept_log(sqlite_store.log_tails, lease, every=SOON):
        logger.info("candidate %d: accuracy 0.5", 1)
        deadline = time.monotonic() + PATIENCE
        while not kept(sqlite_store, lease) and time.monotonic() < deadline:
            time.sleep(SOON)
        (line,) = kept(sqlite_store, lease)
        assert line.endswith("INFO tests.driver: candidate 1: accuracy 0.5")
        logger.warning("the last\nof all")
    logger.warning("not its own")
    assert [each[-12:] for each in kept(sqlite_store, lease)[1:]] == ["er: the last", "    of all"]


def test_the_error_that_it_ends_with_is_the_last_line(sqlite_store: Store, lease: Lease) -> None:
    with pytest.raises(ConnectionError), kept_log(sqlite_store.log_tails, lease):
        raise ConnectionError(f"the network went away with {lease.token}")
    lines = kept(sqlite_store, lease)
    assert "the driver ends with an error" in lines[0]
    assert lines[1].strip() == "Traceback (most recent call last):"
    assert lines[-1].strip() == "ConnectionError: the network went away with ***"


def test_nothing_said_is_nothing_written(sqlite_store: Store, lease: Lease) -> None:
    with kept_log(sqlite_store.log_tails, lease):
        pass
    assert sqlite_store.log_tails.read(lease.search_id) is None


def test_no_line_is_too_long_and_half_characters_are_written_out(
    sqlite_store: Store, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # half characters do not go from process to process
    with kept_log(sqlite_store.log_tails, lease):
        logger.info("x" * 9999)
        logger.info("half a %s", "\ud800")
    long, half = kept(sqlite_store, lease)
    assert len(long) == LONGEST
    assert half.endswith(r"half a \ud800")


def test_a_record_that_cannot_be_formatted_harms_nobody(
    sqlite_store: Store, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with kept_log(sqlite_store.log_tails, lease):
        logger.info("%d candidates", "no number")
        logger.info("goes on")
    (line,) = kept(sqlite_store, lease)
    assert line.endswith("goes on")


def test_a_database_that_is_away_is_tried_again(sqlite_store: Store, lease: Lease) -> None:
    class Away(LogTails):
        tries = 0

        def write(self, *arguments: object, **named: object) -> None:
            self.tries += 1
            if self.tries < 3:
                raise OperationalError("write", {}, Exception("away"))
            super().write(*arguments, **named)  # type: ignore[arg-type] # as they came

    tails = Away(sqlite_store.engine)
    with kept_log(tails, lease, every=SOON):
        logger.info("at last")
        deadline = time.monotonic() + PATIENCE
        while not kept(sqlite_store, lease) and time.monotonic() < deadline:
            time.sleep(SOON)
    assert tails.tries == 3
    assert kept(sqlite_store, lease)[0].endswith("at last")
