"""What `twinsieve serve` runs: API, dispatcher and a local Ray.

The dispatcher is a child process and not a thread: the API stays free of Ray, Ray and the drivers get a main thread
whose signals are their own, and the kernel ends them with us even when we are killed.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import uvicorn
from rich.console import Console

from service.api.app import create_app
from service.api.connections import create_server
from service.cli import composition
from service.cli.errors import UserError
from service.domain.person import Role
from service.observing import logs
from service.people.keys import Keys
from service.settings import Settings, is_loopback

STOP_SECONDS = 20.0  # for the dispatcher to end its drivers and Ray
LOG_LEVEL = {"text": logging.WARNING, "json": logging.INFO}  # who looks at a terminal wants no line for each request
FIRST_KEY = "make an admin's key with 'twinsieve keys create NAME --role admin'"


def run(settings: Settings, *, dispatcher: bool) -> None:
    """Serve until somebody ends it.

    Raises:
        UserError: that would be open to whoever comes, or cannot be.
    """
    if not settings.require_keys and not is_loopback(settings.host):
        raise UserError(
            f"will not listen on {settings.host}: no API keys are required, so anybody who reaches it could use it. "
            f"{FIRST_KEY}, set TWINSIEVE_REQUIRE_KEYS=true and start again; or listen on 127.0.0.1 and forward the "
            "port, for example with ssh -L"
        )
    services = composition.api_services(settings)
    _require_admin(services.store.keys, settings)
    server = create_server(create_app(services), services.streams)
    signal.signal(signal.SIGTERM, _stop)  # uvicorn stops serving first, then raises the signal again
    with _listen(settings) as listener, suppress(KeyboardInterrupt):
        _announce(listener, settings)
        logs.configure("api", form=settings.log, level=LOG_LEVEL[settings.log])
        if not dispatcher:
            server.run(sockets=[listener])
            return
        with _dispatcher(settings, server):
            server.run(sockets=[listener])


def _require_admin(keys: Keys, settings: Settings) -> None:
    """Keys that nobody can hand out help nobody; on loopback it is enough to say so."""
    if not settings.require_keys or keys.any(Role.ADMIN):
        return
    missing = f"API keys are required and no admin has one yet: {FIRST_KEY}"
    if not is_loopback(settings.host):
        raise UserError(f"will not listen on {settings.host}: {missing}")
    Console(stderr=True).print(missing, soft_wrap=True)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise UserError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; choose another with --port"
        ) from None
    # what is accepted has it too; without it an answer's body waits 40 ms for a client to acknowledge its head
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _announce(listener: socket.socket, settings: Settings) -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    whom = "whoever has a key" if settings.require_keys else "every user of this machine, without a key"
    said = f"Twinsieve {composition.VERSION} listens on {address}; state in {settings.state_dir}; open to {whom}"
    Console().print(said, soft_wrap=True)


@contextmanager
def _dispatcher(settings: Settings, server: uvicorn.Server) -> Iterator[None]:
    """Run a dispatcher beside `server`; if it ends by itself, so does the server."""
    command = [sys.executable, "-m", "service.cli", "dispatch", "--parent", str(os.getpid())]
    settings.logs.mkdir(parents=True, exist_ok=True)
    log_file = settings.logs / "dispatcher.log"
    with log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | composition.child_environment(settings),
            start_new_session=True,  # Ctrl-C is ours; we pass it on
        )
    threading.Thread(target=_end_together, args=(child, server), daemon=True).start()
    try:
        yield
    finally:
        _end(child)
    if child.returncode not in (0, -signal.SIGTERM):
        raise UserError(f"the dispatcher ended with code {child.returncode}; see {log_file}")


def _end_together(child: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    child.wait()
    server.should_exit = True


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
