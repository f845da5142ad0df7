"""The command `twinsieve`."""

from service.cli.app import main

__all__ = ["main"]
