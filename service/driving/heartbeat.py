"""`heartbeat`: keeps a lease alive while its driver works."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from service.domain.records import Lease
from service.searches.leases import Leases

logger = logging.getLogger(__name__)


@contextmanager
def heartbeat(leases: Leases, lease: Lease, *, every: float) -> Iterator[None]:
    """Renew `lease` every so many seconds, from a thread of its own, until the block ends or the lease is lost."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(every):
            try:
                if not leases.renew(lease):
                    return
            except OperationalError as error:  # the lease may outlive a short outage; nobody can claim during it
                logger.warning("cannot renew the lease on %s: %s", lease.search_id, error.orig)

    thread = threading.Thread(target=beat, name=f"heartbeat-{lease.search_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
