"""The API process stays light."""

import subprocess
import sys


def test_the_api_loads_neither_torch_nor_ray_nor_workers() -> None:
    script = (
        "import sys; import service.api.app, service.cli; "
        "print([name for name in ('torch', 'ray', 'workers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
