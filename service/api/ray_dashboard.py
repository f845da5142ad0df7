"""`ray_dashboard_link`: where the Ray dashboard shows the work of one search."""

from service.domain.records import RAY_JOB, Search
from service.settings import Settings


def ray_dashboard_link(settings: Settings, search: Search) -> str | None:
    """A page of the dashboard that `ray_dashboard_url` names; None without one, or before a driver began.

    The page of the driver's job where its id is known; else the list of jobs, in which the entry point of each says
    whose driver it is (`drive <search id>`). Paths as in Ray 2.60's dashboard, which has no page by anything else.
    """
    if settings.ray_dashboard_url is None or search.started_at is None:
        return None
    jobs = settings.ray_dashboard_url.rstrip("/") + "/#/jobs"
    job = (search.result or {}).get(RAY_JOB)
    return jobs if job is None else f"{jobs}/{job}"
