"""The files of the page: who gets them, what comes with them, and that no path leads elsewhere."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from service.api.page import FOLDER
from service.api.services import Services
from service.settings import Settings
from tests.service.serving import serving

FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
TYPES = {".html": "text/html", ".css": "text/css", ".js": "javascript", ".svg": "image/svg+xml"}


@pytest.fixture
def locked(services: Services) -> Services:
    return replace(services, settings=Settings(require_keys=True))


def test_the_page_needs_no_key(locked: Services) -> None:
    with serving(locked) as address, httpx.Client(base_url=address, trust_env=False) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "script-src" not in page.headers["content-security-policy"]
        assert page.headers["content-security-policy"].startswith("default-src 'self'; ")
        assert client.get("/page/js/main.js").status_code == 200
        assert client.get("/v1/searches").status_code == 401


@pytest.mark.parametrize("file", FILES)
def test_every_file_is_there_with_its_type(api: httpx.Client, file: str) -> None:
    answer = api.get(f"/page/{file}")
    assert answer.status_code == 200
    assert TYPES[Path(file).suffix] in answer.headers["content-type"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == (FOLDER / file).read_bytes()


def test_what_a_browser_has_is_not_sent_again(api: httpx.Client) -> None:
    first = api.get("/")
    assert first.headers["cache-control"] == "no-cache"
    again = api.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]


def test_text_comes_compressed_to_those_who_can(api: httpx.Client) -> None:
    assert api.get("/page/css/base.css").headers["content-encoding"] == "gzip"
    plain = api.get("/page/css/base.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_the_drawing_library_comes_from_its_package(api: httpx.Client) -> None:
    answer = api.get("/page/plotly.js")
    assert answer.status_code == 200
    assert b"plotly.js v" in answer.content[:200]
    assert len(answer.content) > 1 << 20


@pytest.mark.parametrize(
    "path",
    [
        "/page/",
        "/page/js",
        "/page/nothing.js",
        "/page/../app.py",
        "/page/%2e%2e/api/app.py",
        "/page/..%2fapi%2fapp.py",
        "/page//etc/passwd",
        "/page/%2fetc/passwd",
        "/page/js/main.js%00.css",
        "/page/" + "a" * 5000,
    ],
)
def test_no_path_leads_elsewhere(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_nothing_is_written_to_it(api: httpx.Client) -> None:
    answer = api.post("/page/js/main.js", content=b"x")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_what_the_page_names_is_there() -> None:
    """Every import of a script and every style and script of the page."""
    for script in FOLDER.rglob("*.js"):
        for line in script.read_text(encoding="utf-8").splitlines():
            if any(form in line for form in ('from "./', 'from "../', 'import("./')):
                assert (script.parent / line.split('"')[-2]).is_file(), f"{script.name}: {line}"
    index = (FOLDER / "index.html").read_text(encoding="utf-8")
    named = [part.split('"')[0] for part in index.split('"/page/')[1:]]
    assert len(named) > 5
    assert [name for name in named if not (FOLDER / name).is_file()] == []
