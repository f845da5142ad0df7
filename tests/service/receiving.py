"""A server that webhooks are delivered to, and what is delivered."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from search.spec import SearchSpec
from service.domain.action import ENDS
from service.domain.person import Caller, Role
from service.events.addresses import Addresses
from service.events.deliveries import Deliveries
from service.events.webhook_delivery import WebhookDelivery
from service.events.webhooks import Delivery
from service.searches.store import Store
from tests.service.conftest import Clock

SECRET = "0123456789abcdef" * 4
ANN = Caller("ann", Role.MEMBER, None)


@dataclass
class Receiver:
    """A server on this machine; `answer` decides what a path gets, and may take its time."""

    url: str
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, 204)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.requests]


def reply(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, body))
            receiver.answer(self)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                """The other side hung up, as some tests mean it to."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """As above, within the handshake."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(f"http{'' if context is None else 's'}://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


def delivery(
    store: Store,
    clock: Clock,
    *,
    addresses: Addresses | None = None,
    tls: ssl.SSLContext | None = None,
    attempt_seconds: float = 60.0,
) -> WebhookDelivery:
    """Patient, so that no test fails because this machine has other things to do."""
    return WebhookDelivery(
        Deliveries(store.engine, clock),
        secret=SECRET,
        addresses=addresses or Addresses(private=True),
        clock=clock,
        attempt_seconds=attempt_seconds,
        tls=tls,
    )


def ended_search(store: Store) -> str:
    search = store.searches.create(SearchSpec(), "1", caller=ANN)
    store.searches.request_cancel(search.id, ANN)
    return search.id


def told_of(store: Store, url: str) -> str:
    return store.webhooks.create("ann", url, ENDS, actor="ann").id


def the_one(store: Store, webhook_id: str) -> Delivery:
    (found,) = store.webhooks.deliveries(webhook_id)
    return found
