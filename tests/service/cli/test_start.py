"""What each process loads before it does anything: seconds that somebody waits for, at every call."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOADED = """
print(*sorted({{"alembic", "deap", "fastapi", "numpy", "ray", "scipy", "sqlalchemy", "torch"}} & set(sys.modules)))
"""
COMMANDS = "import sys\nimport service.cli.app" + LOADED
DRIVER = (
    """
import sys
from pathlib import Path
from search.spec import parse_spec
from service.cli import composition
from service.settings import Settings

parts = composition.driver_parts(Settings(state_dir=Path({folder!r})), "0" * 26)
spec = parse_spec({{"backbone": "shapes-vilt"}})
parts.algorithm(spec), parts.keys(spec), parts.runner(spec, lambda: None)
"""
    + LOADED
)


@pytest.mark.parametrize(("program", "heavy"), [(COMMANDS, set()), (DRIVER, {"torch"})], ids=["commands", "driver"])
def test_what_is_not_needed_is_not_loaded(program: str, heavy: set[str], tmp_path: Path) -> None:
    """Commands load none of it; a driver only what decides and speaks to workers, which load torch."""
    done = subprocess.run(
        [sys.executable, "-c", program.format(folder=str(tmp_path))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert loaded & heavy == set() if heavy else loaded == set()


def test_the_version() -> None:
    command = [sys.executable, "-m", "service.cli", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == f"twinsieve {version('twinsieve')}\n"
