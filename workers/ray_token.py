"""`show_token`: how a process of ours shows the token of a Ray cluster; Ray reads it from its environment."""

from collections.abc import MutableMapping
from pathlib import Path


def show_token(environment: MutableMapping[str, str], *, token: str | None, file: Path | None) -> None:
    """Let whatever runs with `environment` take part in the cluster of this token; call it before anything uses Ray.

    A file is preferred, as the environment of a process is more easily seen. With neither, what Ray's own variables
    say stays as it is.
    """
    environment["RAY_USAGE_STATS_ENABLED"] = "0"
    if file is not None:
        environment.pop("RAY_AUTH_TOKEN", None)  # which Ray would take first
        environment["RAY_AUTH_TOKEN_PATH"] = str(file.absolute())
    elif token is not None:
        environment["RAY_AUTH_TOKEN"] = token
    else:
        return
    environment["RAY_AUTH_MODE"] = "token"
