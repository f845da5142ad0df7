"""`followers`: whoever tracks a search while one driver has it."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from search.constraints import Bounds
from search.contracts import SearchAlgorithm
from search.spec import SearchSpec
from service.domain.records import REPORT, Search
from service.searches.store import Store
from service.tracking.shielded import Shielded
from service.tracking.tracked import Tracked
from service.tracking.tracker import Ending, Point, Run, Tracker

logger = logging.getLogger(__name__)

Follow = Callable[[SearchAlgorithm, SearchSpec], SearchAlgorithm]
"""What is put around an algorithm, inside of what records it."""


def unfollowed(algorithm: SearchAlgorithm, spec: SearchSpec) -> SearchAlgorithm:
    """Nobody tracks it."""
    del spec
    return algorithm


@contextmanager
def followers(
    store: Store, search_id: str, trackers: Mapping[str, Tracker], *, artifacts: Path, most_bytes: int
) -> Iterator[Follow]:
    """Begin with the block, end with it, by what the store then says of the search.

    Args:
        store: where the search is.
        search_id: which.
        trackers: by name.
        artifacts: the folder of the search, whose model and reports trackers may keep.
        most_bytes: of files that are given to trackers; what would be more is left where it is.
    """
    if not trackers:
        yield unfollowed
        return
    search = store.searches.get(search_id)
    run = Run(
        search_id=search.id,
        name=search.name,
        owner=search.owner,
        labels=search.labels,
        version=search.version,
        began=store.searches.began(search_id),
        spec=search.spec,
    )
    shields = [Shielded(name, tracker, run) for name, tracker in trackers.items()]

    def follow(algorithm: SearchAlgorithm, spec: SearchSpec) -> SearchAlgorithm:
        def write(point: Point) -> None:
            for shield in shields:
                shield.write(point)

        return Tracked(algorithm, write, began=run.began, bounds=Bounds.of(spec.budget, macs=None))

    try:
        yield follow
    finally:
        ended = _read(store, search_id)
        for shield in shields:
            shield.end(_ending(ended), _files(ended, artifacts, most_bytes))


def _read(store: Store, search_id: str) -> Search | None:
    try:
        return store.searches.get(search_id)
    except Exception as error:  # a tracker's last word is not worth the driver's own error
        logger.warning("trackers are not told how search %s ended: %s", search_id, error)
        return None


def _ending(search: Search | None) -> Ending | None:
    return Ending(search.status) if search is not None and search.status.finished else None


def _files(search: Search | None, artifacts: Path, most_bytes: int) -> Sequence[Path]:
    """The exported model and the reports, as far as they are small enough together."""
    if search is None or not search.status.finished:
        return ()
    model = (search.result or {}).get("artifact")
    wanted = [*sorted((artifacts / REPORT).glob("*")), *([] if model is None else [artifacts / model])]
    chosen, left = list[Path](), most_bytes
    for path in (each for each in wanted if each.exists()):
        size = _size(path)
        if size > left:
            logger.info("trackers do not keep %s: its %d bytes are more than they may", path.name, size)
            continue
        chosen.append(path)
        left -= size
    return chosen


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())
