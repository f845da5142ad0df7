"""`leave`: the report of an ended search, beside what it exported."""

import logging
from collections.abc import Callable
from pathlib import Path

from service.domain.records import REPORT
from service.report.form import Form
from service.report.forms import written
from service.report.report import Report

logger = logging.getLogger(__name__)


def leave(make: Callable[[], Report], *, artifacts: Path, publish: Callable[[str], None]) -> None:
    """Write the report in every form below `artifacts`, the folder of its search, and have that published by its name.

    The search has ended by then and is no worse without one, so that whatever goes wrong goes to the log.
    """
    try:
        report, folder = make(), artifacts / REPORT
        folder.mkdir(parents=True, exist_ok=True)
        for form in Form:
            (folder / f"report.{form}").write_bytes(written(report, form))
        publish(REPORT)
    except Exception:
        logger.exception("no report could be left in %s; the service makes one whenever it is asked for", artifacts)
