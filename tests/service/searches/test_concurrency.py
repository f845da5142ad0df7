"""Many processes at once on one PostgreSQL: what is submitted, however often, becomes one search with one driver."""

from pathlib import Path

from benchmarks.load_concurrency import concurrency

SUBMISSIONS = 60


def test_each_submission_is_one_search_and_each_search_one_claim(database_of_its_own: str, tmp_path: Path) -> None:
    shown = concurrency(database_of_its_own, tmp_path, submissions=SUBMISSIONS, apis=2, dispatchers=4)
    assert shown.sent > 1.5 * SUBMISSIONS
    assert shown.right, shown
    assert sum(count > 0 for count in shown.claims) > 1, "one dispatcher had them all: nothing was at once"
