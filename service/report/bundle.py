"""`bundle`: plotly for browsers, out of its installed package, which is found and never imported."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

BUNDLE = Path("package_data", "plotly.min.js")


@lru_cache(maxsize=1)
def bundle() -> str:
    """The script, which needs nothing else and fetches nothing.

    Raises:
        FileNotFoundError: the package is not installed, or lacks it.
    """
    found = find_spec("plotly")
    folders = [] if found is None else list(found.submodule_search_locations or ())
    if not folders:
        raise FileNotFoundError("the package plotly, which draws the plots of a report, is not installed")
    return Path(folders[0], BUNDLE).read_text(encoding="utf-8")
