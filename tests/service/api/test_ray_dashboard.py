"""Where the Ray dashboard shows a search."""

from search.spec import SearchSpec
from service.api.ray_dashboard import ray_dashboard_link
from service.domain.records import Status
from service.searches.store import Store
from service.settings import Settings

SETTINGS = Settings(ray_dashboard_url="https://ray.lab.example/")


def test_no_dashboard_no_link(sqlite_store: Store) -> None:
    search = sqlite_store.searches.create(SearchSpec(), "1")
    assert ray_dashboard_link(Settings(), search) is None
    assert ray_dashboard_link(SETTINGS, search) is None  # nobody has begun it


def test_the_jobs_and_then_the_job(sqlite_store: Store) -> None:
    search_id = sqlite_store.searches.create(SearchSpec(), "1").id
    lease = sqlite_store.leases.claim()
    assert lease is not None
    running = sqlite_store.searches.get(search_id)
    assert ray_dashboard_link(SETTINGS, running) == "https://ray.lab.example/#/jobs"
    sqlite_store.leases.finish(lease, Status.SUCCEEDED, result={"ray_job": "02000000"})
    ended = sqlite_store.searches.get(search_id)
    assert ray_dashboard_link(SETTINGS, ended) == "https://ray.lab.example/#/jobs/02000000"
