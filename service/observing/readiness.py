"""`Readiness`: whether an API process can work, part by part, and what is wrong where it cannot."""

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from service.limits import existing
from service.storage.artifacts import ArtifactsError
from service.storage.database import reading, require_current
from service.storage.schema_error import SchemaError

logger = logging.getLogger(__name__)

OK = "ok"
FRESH_SECONDS = 1.0  # as long as one look answers every probe
BUCKET_SECONDS = 60.0  # between two looks at a bucket, which write a file into it
PATIENCE_SECONDS = 3.0  # for a database that is frozen or cut off

Parts = Mapping[str, str]
"""What is wrong with each part, or `ok`."""


class Readiness:
    """Looks at most once a second, whoever asks how often; a look that hangs is an answer too.

    What it says is for anybody who reaches the process: no address, no path, no text of a driver's error.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path | None,
        *,
        min_free_bytes: int,
        require_bucket: Callable[[], None] = lambda: None,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder` is where artifacts lie; None where they lie in a bucket, which `require_bucket` then looks at.

        It raises ArtifactsError where nothing can be written.
        """
        self._engine = engine
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._require_bucket = require_bucket
        self._bucket, self._bucket_looked = OK, -BUCKET_SECONDS
        self._patience = patience
        self._clock = clock
        self._looked = -FRESH_SECONDS
        self._task: asyncio.Task[Parts] | None = None

    async def parts(self) -> Parts:
        """Each part by name: database, schema, artifacts."""
        if self._task is None or (self._task.done() and self._clock() - self._looked >= FRESH_SECONDS):
            self._task, self._looked = asyncio.create_task(asyncio.to_thread(self.look)), self._clock()
        await asyncio.wait({self._task}, timeout=self._patience)
        if self._task.done():
            return self._task.result()
        silent = f"does not answer within {self._patience:g} s"
        return {"database": silent, "schema": "not known: the database is silent", **self._disk()}

    def look(self) -> Parts:
        """What `parts` tells, looked at now."""
        if self._folder is None and self._clock() - self._bucket_looked >= BUCKET_SECONDS:
            self._bucket, self._bucket_looked = self._look_at_bucket(), self._clock()
        return {**self._database(), **self._disk()}

    def _database(self) -> Parts:
        try:
            with reading(self._engine) as session:
                session.execute(text("SELECT 1"))
            require_current(self._engine)
        except SchemaError as error:
            return {"database": OK, "schema": str(error)}
        except SQLAlchemyError as error:
            logger.error("the database does not answer: %s", error)
            return {"database": "does not answer", "schema": "not known: the database does not answer"}
        return {"database": OK, "schema": OK}

    def _look_at_bucket(self) -> str:
        try:
            self._require_bucket()
        except ArtifactsError:  # which is logged where it is raised
            return "the bucket cannot be written"
        return OK

    def _disk(self) -> Parts:
        if self._folder is None:
            return {"artifacts": self._bucket}
        place = existing(self._folder)
        if not os.access(place, os.W_OK | os.X_OK):
            return {"artifacts": "the folder cannot be written"}
        free = shutil.disk_usage(place).free
        short = f"{free >> 20} MiB are free, {self._min_free_bytes >> 20} MiB are wanted; no search is accepted"
        return {"artifacts": OK if free >= self._min_free_bytes else short}
