"""Answers of the server as it is installed leave at once."""

import http.client
import time
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.load_servers import api_processes

BEGINNING, TIMED = 30, 30  # requests: at first, every packet of a connection is acknowledged at once
ACKNOWLEDGED_SECONDS = 0.04  # Linux waits so long to acknowledge a part of an answer, and Nagle for that


def test_an_answer_is_sent_whole(sqlite: Engine, tmp_path: Path) -> None:
    with api_processes(1, tmp_path, url=str(sqlite.url)) as apis:
        connection = http.client.HTTPConnection(apis.addresses[0].removeprefix("http://"))
        seconds = [_asked(connection) for _ in range(BEGINNING + TIMED)]
        connection.close()
    assert min(seconds[BEGINNING:]) < 0.75 * ACKNOWLEDGED_SECONDS


def _asked(connection: http.client.HTTPConnection) -> float:
    start = time.perf_counter()
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    return time.perf_counter() - start
