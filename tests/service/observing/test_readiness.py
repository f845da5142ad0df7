"""Whether an API process can work, and what it says is wrong."""

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from service.api.services import Services
from service.observing.readiness import BUCKET_SECONDS, FRESH_SECONDS, Readiness
from service.settings import Settings
from service.storage.artifacts import ArtifactsError
from service.storage.database import connect, writing
from tests.service.serving import serving


def readiness(engine: Engine, folder: Path | None, *, min_free_bytes: int = 0) -> Readiness:
    return Readiness(engine, folder, min_free_bytes=min_free_bytes, patience=0.2)


def test_all_is_well(engine: Engine, tmp_path: Path) -> None:
    parts = asyncio.run(readiness(engine, tmp_path / "artifacts").parts())
    assert parts == {"database": "ok", "schema": "ok", "artifacts": "ok"}


def test_an_old_schema(sqlite: Engine, tmp_path: Path) -> None:
    with writing(sqlite) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    parts = readiness(sqlite, tmp_path).look()
    assert parts["database"] == "ok"
    assert "twinsieve db upgrade" in parts["schema"]


def test_a_database_that_is_away(tmp_path: Path) -> None:
    engine = connect("postgresql://ada:secret@127.0.0.1:1/lab")
    parts = readiness(engine, tmp_path).look()
    assert parts["database"] == "does not answer"
    assert "secret" not in str(parts)
    assert "127.0.0.1" not in str(parts)


def test_a_full_disk(sqlite: Engine, tmp_path: Path) -> None:
    found = readiness(sqlite, tmp_path, min_free_bytes=1 << 60).look()
    assert found["artifacts"].endswith("MiB are free, 1099511627776 MiB are wanted; no search is accepted")


def test_a_folder_that_cannot_be_written(sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda _place, _mode: False)  # a superuser, as here, may write everywhere
    assert readiness(sqlite, tmp_path).look()["artifacts"] == "the folder cannot be written"


def test_a_bucket_is_looked_at_once_a_minute(sqlite: Engine) -> None:
    now, looks, broken = [0.0], list[float](), [False]

    def require() -> None:
        looks.append(now[0])
        if broken[0]:
            raise ArtifactsError("no")

    bucket = Readiness(sqlite, None, min_free_bytes=1 << 60, require_bucket=require, clock=lambda: now[0])
    assert bucket.look()["artifacts"] == "ok"
    broken[0], now[0] = True, BUCKET_SECONDS - 1
    assert bucket.look()["artifacts"] == "ok"
    now[0] = BUCKET_SECONDS
    assert bucket.look()["artifacts"] == "the bucket cannot be written"
    assert looks == [0.0, BUCKET_SECONDS]


def test_a_frozen_database_is_told_and_asked_once(sqlite: Engine, tmp_path: Path) -> None:
    looks, thaw = [], threading.Event()

    class Frozen(Readiness):
        def look(self) -> dict[str, str]:
            looks.append(1)
            thaw.wait(20)
            return {"database": "ok"}

    async def asked_thrice() -> None:
        frozen = Frozen(sqlite, tmp_path, min_free_bytes=0, patience=0.1)
        for _ in range(2):
            parts = await frozen.parts()
            assert parts["database"] == "does not answer within 0.1 s"
            assert parts["artifacts"] == "ok"
        thaw.set()
        assert await frozen.parts() == {"database": "ok"}

    asyncio.run(asked_thrice())
    assert len(looks) == 1


def test_probes_share_one_look(sqlite: Engine, tmp_path: Path) -> None:
    now, looks = [0.0], []

    class Counted(Readiness):
        def look(self) -> dict[str, str]:
            looks.append(now[0])
            return {"database": "ok"}

    async def probed() -> None:
        counted = Counted(sqlite, tmp_path, min_free_bytes=0, clock=lambda: now[0])
        await asyncio.gather(*(counted.parts() for _ in range(5)))
        now[0] += FRESH_SECONDS
        await counted.parts()

    asyncio.run(probed())
    assert looks == [0.0, FRESH_SECONDS]


def test_over_http(api: httpx.Client, services: Services) -> None:
    found = api.get("/readyz")
    assert found.json() == {"status": "ok", "parts": {"database": "ok", "schema": "ok", "artifacts": "ok"}}
    with writing(services.store.engine) as session:
        session.execute(text("DELETE FROM alembic_version"))
    time.sleep(FRESH_SECONDS)
    found = api.get("/readyz")
    assert (found.status_code, found.headers["content-type"]) == (503, "application/problem+json")
    assert "twinsieve db upgrade" in found.json()["detail"]
    assert found.json()["parts"]["database"] == "ok"
    assert "twinsieve db upgrade" in found.json()["parts"]["schema"]


def test_a_process_without_room_is_not_ready(services: Services) -> None:
    full = replace(services, settings=Settings(min_free_disk_bytes=1 << 60))
    with serving(full) as address:
        found = httpx.get(f"{address}/readyz", trust_env=False)
    assert found.status_code == 503
    assert found.json()["detail"].startswith("not ready: artifacts: ")
