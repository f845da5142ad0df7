"""`ROUTES`: the page and what it loads, as files. They tell nothing of anybody, so they need no key."""

import os
from importlib.util import find_spec
from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from service.api.security_headers import PAGE

FOLDER = Path(__file__).parents[1] / "page"
INDEX = "index.html"
PLOTLY = "plotly.js"
HEADERS = {
    "Cache-Control": "no-cache",  # the browser keeps it and asks each time whether it is still the one
    "Content-Security-Policy": PAGE,  # also with "not modified", whose headers replace those of the page kept
}


class _Files(StaticFiles):
    """The files of the page, and the drawing library out of its installed package."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where a file lies; no path leads out of the folder."""
        if path != PLOTLY:
            return super().lookup_path(path)
        bundle = _plotly()
        return ("", None) if bundle is None else (str(bundle), bundle.stat())


def _plotly() -> Path | None:
    """The bundle for browsers; the package is found, not imported."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        return None
    bundle = Path(package.origin).parent / "package_data" / "plotly.min.js"
    return bundle if bundle.is_file() else None


FILES = _Files(directory=FOLDER)


async def _file(request: Request) -> Response:
    response = await FILES.get_response(request.path_params.get("path", INDEX), request.scope)
    response.headers.update(HEADERS)
    return response


_SMALLER = [Middleware(GZipMiddleware, compresslevel=4)]
ROUTES = [
    Route("/", _file, name="page", include_in_schema=False, middleware=_SMALLER),
    Route("/page/{path:path}", _file, name="page_file", include_in_schema=False, middleware=_SMALLER),
]
