"""`SecurityHeaders`: what every answer tells a browser, so that it does no more with it than we mean."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DATA = "default-src 'none'; frame-ancestors 'none'"
"""Content security policy of answers that are no pages: a browser that shows one runs and loads nothing."""

PAGE = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Of our pages: scripts are files of ours; drawing libraries set styles in the document; pictures come with a key."""

DOCS = (
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; worker-src blob:; "
    "style-src 'unsafe-inline' https://cdn.jsdelivr.net https://fonts.googleapis.com; img-src data: https:; "
    "font-src https://fonts.gstatic.com; frame-ancestors 'none'"
)
"""Of FastAPI's pages about the API, which load their scripts from a public server."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds them to every answer; what a route set itself stays. No origin but ours is let in: there is no CORS."""

    def __init__(self, app: ASGIApp, *, docs: frozenset[str] = frozenset()) -> None:
        """`docs` are the paths of FastAPI's pages."""
        self._app = app
        self._docs = docs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        is_page = headers.get("content-type", "").startswith("text/html")
        policy = DATA if not is_page else DOCS if path in self._docs else PAGE
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("Cache-Control", "no-cache" if is_page else "no-store")
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
