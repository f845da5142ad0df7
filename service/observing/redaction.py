"""`Redaction`: text without the secrets that this process knows, for whoever may read logs but not settings."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import unquote

HIDDEN = "***"
SHORTEST = 8  # characters: a shorter value is a setting such as `true`, and would be found everywhere

_NAMED = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|_KEY$|DATABASE_URL")
_IN_FILE = re.compile(r"_(FILE|PATH)$")
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@]*):([^\s'\"]+)@")  # to the last of them, should one be in the password
_ALONE_IN_ADDRESS = re.compile(r"(?<=://)[^\s/:@]+@")  # a token where others have a user
_AUTHORIZATION = re.compile(r"(?i)(\bbearer\s+|\bauthorization:\s*basic\s+)\S+")
_ADDRESS_NAMED = re.compile(r"_UR[IL]$")
_API_KEY = re.compile(r"(tws_[0-9A-Za-z]+_)[0-9a-f]{64}")  # its id may be read


class Redaction:
    """Hides known values wherever they stand, and what is a secret by its form: passwords in addresses, keys."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Values that are too short to be told from ordinary words are not looked for."""
        known = {secret for secret in secrets if len(secret) >= SHORTEST}
        longest_first = sorted(known, key=len, reverse=True)  # of two that overlap, all of both goes
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], *more: str) -> Self:
        """Of what variables name as a secret, or as the file of one; and of `more` values."""
        named = {name: value for name, value in environment.items() if _NAMED.search(name)}
        values = [_content(value) if _IN_FILE.search(name) else value for name, value in named.items()]
        lines = [line.strip() for value in values for line in value.splitlines()]
        addresses = [value for name, value in environment.items() if _ADDRESS_NAMED.search(name)]
        return cls([*values, *lines, *_passwords([*values, *addresses]), *more])

    def of(self, text: str) -> str:
        """`text` without them."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _ALONE_IN_ADDRESS.sub(f"{HIDDEN}@", _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text))
        return _API_KEY.sub(r"\1...", _AUTHORIZATION.sub(rf"\1{HIDDEN}", text))


def _content(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError):
        return ""  # whoever needs it says what is wrong with it


def _passwords(addresses: Iterable[str]) -> Iterator[str]:
    """Those in addresses, as they may come up alone, written as there or as they are."""
    for address in addresses:
        for _, password in _IN_ADDRESS.findall(address):
            yield from (password, unquote(password))
