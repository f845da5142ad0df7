"""`EventStream`: server-sent events as they come, with a sign of life in between, to a client that takes them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fastapi.sse import format_sse_event
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from service.api.streams import Streams

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0  # proxies and clients give up on silence
KEY_SECONDS = 10.0  # between two looks at the client's key
LIFETIME_SECONDS = 3600.0  # then the client asks again, perhaps another process
STALLED_SECONDS = 30.0  # for a client to take what it was sent
RETRY_MS = 2000  # before a client that lost us asks again
PATIENCE = 4  # times `poll_seconds` between two looks at what does not change
PING = format_sse_event(comment="still here")


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to send, as bytes; `more` are there already, or it is all `over`."""

    frames: Sequence[bytes] = ()
    more: bool = False
    over: bool = False


def frame(event: str, data: BaseModel, event_id: object = None) -> bytes:
    """One event; without an id, a client that resumes does so behind the last event that had one."""
    return format_sse_event(
        event=event, data_str=data.model_dump_json(), id=None if event_id is None else str(event_id)
    )


def beginning(event_id: object) -> bytes:
    """What comes first: no event, but the id to resume from even if none follows."""
    return format_sse_event(id=str(event_id), retry=RETRY_MS)


class EventStream(StreamingResponse):
    """Lets go of clients that take nothing any more."""

    media_type = "text/event-stream"

    def __init__(
        self, ask: Callable[[], Batch], streams: Streams, *, poll_seconds: float, allowed: Callable[[], bool]
    ) -> None:
        """Send what `ask` returns until it is over or the client not `allowed` any more; readers' threads run both."""
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx would hold events back
        super().__init__(_paced(ask, streams, poll_seconds, allowed), headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all, each part within a bounded time."""

        async def bounded(message: Message) -> None:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)

        with suppress(TimeoutError):
            await super().__call__(scope, receive, bounded)


async def _paced(
    ask: Callable[[], Batch], streams: Streams, poll_seconds: float, allowed: Callable[[], bool]
) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    ends, spoke, checked, delay = clock() + LIFETIME_SECONDS, clock(), clock(), poll_seconds
    while not streams.ended and clock() < ends:
        if clock() - checked >= KEY_SECONDS:
            if (await streams.read(lambda: _patient(lambda: Batch(over=not allowed())))).over:
                return
            checked = clock()
        batch = await streams.read(lambda: _patient(ask))
        if batch.frames:
            yield b"".join(batch.frames)
            spoke, delay = clock(), poll_seconds
        elif clock() - spoke >= HEARTBEAT_SECONDS:
            yield PING
            spoke = clock()
        if batch.over:
            return
        await asyncio.sleep(0 if batch.more else delay)
        delay = min(1.5 * delay, PATIENCE * poll_seconds)


def _patient(ask: Callable[[], Batch]) -> Batch:
    """A client need not know of a short outage of the database."""
    try:
        return ask()
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        logger.warning("the database does not answer a stream of events; trying again: %s", error)
        return Batch()
