"""`html`: a document as one page that holds all it needs, draws its plots itself, and asks nobody for anything."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.report.blocks import Document
from service.report.bundle import bundle
from service.report.text import flat

HERE = Path(__file__).parent


def html(document: Document) -> str:
    """The page. Nothing in it is run but plotly and a few lines of ours, whatever names a search has: see `policy`."""
    drawn = [{"name": each.name, "traces": list(each.traces), "layout": dict(each.layout)} for each in document.figures]
    return (
        _environment()
        .get_template("report.html")
        .render(
            document=document,
            policy=policy(),
            style=Markup(_file("report.css")),  # noqa: S704 - a file of ours
            figures=drawn,
            scripts=[Markup(each) for each in _scripts()],  # noqa: S704 - plotly's own and ours
        )
    )


@lru_cache(maxsize=1)
def policy() -> str:
    """The page's content security policy: two scripts by their digests, and nothing from anywhere else."""
    scripts = " ".join(f"'sha256-{_digest(each)}'" for each in _scripts())
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=1)
def _scripts() -> tuple[str, str]:
    return _harmless(bundle()), _harmless(_file("report.js"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        autoescape=True, loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["flat"] = flat
    return found


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _harmless(script: str) -> str:
    """The same script with nothing in it that would end its element before its end."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
