"""The reference in `docs/reference/`, from the code itself: `python -m docs.generate` writes it, a test compares."""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate.client import client_page
from docs.generate.commands import commands_page
from docs.generate.rest import rest_page
from docs.generate.settings import settings_page
from docs.generate.spec import spec_page

REFERENCE = Path(__file__).parents[1] / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": commands_page,
    "rest.md": rest_page,
    "spec.md": spec_page,
    "settings.md": settings_page,
    "client.md": client_page,
}
