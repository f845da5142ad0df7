"""`WebhookDelivery`: sends what webhooks are to be told, from a thread of the dispatcher."""

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import Mapping, Sequence

import httpx
from sqlalchemy.exc import InterfaceError, OperationalError

from service.events.addresses import AddressError, Addresses, Target
from service.events.deliveries import Deliveries, DueDelivery
from service.events.signature import secret_of, signed
from service.storage.clock import Clock, utc_now

logger = logging.getLogger(__name__)

ATTEMPT_SECONDS = 10.0  # for name, connection, request and the head of the answer together
POLL_SECONDS = 1.0
MAX_ADDRESSES = 3  # of one host that are tried


class WebhookDelivery:
    """Any number of dispatchers may run one; each delivery goes out at least once, those of a claim side by side.

    An answer of 200 to 299 means that it arrived. Its body is not read, and redirects are not followed: neither can
    bring anything of the inside of a network to whoever made the webhook.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        *,
        secret: str | None,
        addresses: Addresses,
        clock: Clock = utc_now,
        attempt_seconds: float = ATTEMPT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Sign with what is derived from the installation's `secret`; `tls` says whom to trust, if not the usual."""
        self._deliveries = deliveries
        self._secret = secret
        self._addresses = addresses
        self._clock = clock
        self._attempt_seconds = attempt_seconds
        self._tls: ssl.SSLContext | bool = True if tls is None else tls

    def run(self, stop: threading.Event, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Send until `stop` is set: a chore of the dispatcher (see service/driving/chores.py)."""
        with asyncio.Runner() as runner:  # one for all, so that a name server that hangs keeps only its own thread
            while not stop.is_set():
                try:
                    busy = self._step(runner)
                except (OperationalError, InterfaceError) as error:
                    logger.warning("the database does not answer the delivery of webhooks; trying again: %s", error)
                    busy = False
                if not busy:
                    stop.wait(poll_seconds)

    def step(self) -> bool:
        """Send what is due, once; whether there was something."""
        with asyncio.Runner() as runner:
            return self._step(runner)

    def _step(self, runner: asyncio.Runner) -> bool:
        due = self._deliveries.claim()
        if not due:
            return False
        for each, error in zip(due, runner.run(self._send_all(due)), strict=True):
            if error is None:
                self._deliveries.delivered(each)
            else:
                logger.info("webhook %s, attempt %d: %s", each.webhook_id, each.attempt, error)
                self._deliveries.failed(each, error)
        return True

    async def _send_all(self, due: Sequence[DueDelivery]) -> list[str | None]:
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            trust_env=False,  # a proxy would resolve the name again
            follow_redirects=False,
            verify=self._tls,
            limits=limits,
            timeout=httpx.Timeout(self._attempt_seconds, connect=self._attempt_seconds / MAX_ADDRESSES),
        ) as client:
            return list(await asyncio.gather(*(self._sent(client, each) for each in due)))

    async def _sent(self, client: httpx.AsyncClient, due: DueDelivery) -> str | None:
        """What went wrong."""
        if self._secret is None:
            return "not sent: no webhook secret is set for this dispatcher (TWINSIEVE_WEBHOOK_SECRET_FILE)"
        try:
            async with asyncio.timeout(self._attempt_seconds):
                status = await self._status(client, due, secret_of(due.webhook_id, self._secret))
        except AddressError as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {self._attempt_seconds:g} seconds"
        except Exception as error:  # whatever it is, the others of the claim are sent and written down
            if not isinstance(error, httpx.HTTPError | OSError):
                logger.exception("webhook %s: an error of ours", due.webhook_id)
            return f"{type(error).__name__}: {error}"
        if 300 <= status < 400:
            return f"answered {status}: redirects are not followed"
        return None if 200 <= status < 300 else f"answered {status}"

    async def _status(self, client: httpx.AsyncClient, due: DueDelivery, secret: str) -> int:
        target = await self._addresses.target(due.url)
        body = body_of(due)
        headers = signed(secret, message_id=message_id(due), timestamp=int(self._clock().timestamp()), body=body)
        *others, last = target.addresses[:MAX_ADDRESSES]
        for address in others:
            try:
                return await _posted(client, target, address, headers=headers, body=body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # such as IPv6 on a machine without
        return await _posted(client, target, last, headers=headers, body=body)


def message_id(due: DueDelivery) -> str:
    """The same at every attempt, and of no other delivery."""
    return f"{due.webhook_id}_{due.entry.id}"


def body_of(due: DueDelivery) -> bytes:
    """What a webhook is told: an entry of the journal. They may arrive out of order; their ids say which is later."""
    entry = due.entry
    data = {
        "id": entry.id,
        "search_id": entry.search_id,
        "owner": entry.owner,
        "actor": entry.actor,
        "action": entry.action,
        "detail": entry.detail,
    }
    return json.dumps({"type": f"search.{entry.action}", "timestamp": entry.at.isoformat(), "data": data}).encode()


async def _posted(
    client: httpx.AsyncClient, target: Target, address: str, *, headers: Mapping[str, str], body: bytes
) -> int:
    """The status of the answer, from that address and no other; TLS checks the certificate of the name all the same."""
    request = client.build_request(
        "POST",
        target.url.copy_with(host=address),
        content=body,
        headers={
            **headers,
            "Host": target.url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": "twinsieve",
        },
        extensions={"sni_hostname": target.url.raw_host.decode("ascii")},
    )
    answer = await client.send(request, stream=True)
    await answer.aclose()
    return answer.status_code
