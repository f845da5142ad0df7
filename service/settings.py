"""What an installation may set: from the environment, prefix `TWINSIEVE_`."""

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.folders import Folders


class Settings(BaseSettings):
    """One installation. Without a database address everything lives under `state_dir`, in SQLite.

    What a spec names lies in folders under three roots, which all workers see: `backbones`, real `data` (raw or arrow
    files), and `foregrounds` (object detectors, or boxes found once). Each folder's name is the name in the spec.
    """

    model_config = SettingsConfigDict(env_prefix="TWINSIEVE_", frozen=True)

    state_dir: Path = Path("var")
    database_url: str | None = Field(None, repr=False)  # repr: the address carries a password
    backbones: Path | None = None
    data: Path | None = None
    foregrounds: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    ray_address: str | None = None  # none: the dispatcher starts a Ray of its own
    lease_seconds: PositiveFloat = 15.0
    poll_seconds: PositiveFloat = 0.5
    worker_cpus: PositiveInt = 1  # what each worker gets, in cores
    worker_gpus: NonNegativeFloat | None = None  # below 1: a share, of memory too; none: one if any
    node_patience_seconds: PositiveFloat = 60.0  # without a node that has room for a worker, before a search fails
    max_running: PositiveInt = 1  # drivers of one dispatcher
    max_attempts: PositiveInt = 3  # claims in a row that end without one told candidate

    @field_validator("backbones", "data", "foregrounds")
    @classmethod
    def _for_every_process(cls, root: Path | None) -> Path | None:
        return None if root is None else root.absolute()  # a worker may stand in another folder

    @property
    def folders(self) -> Folders:
        """Where real data and foreground providers lie."""
        return Folders(data=self.data, foregrounds=self.foregrounds)

    @property
    def embedded_database(self) -> bool:
        """The database is our own SQLite file, upgraded without being asked."""
        return self.database_url is None

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.state_dir.absolute() / 'twinsieve.sqlite'}"

    @property
    def artifacts(self) -> Path:
        """Where each search has a folder for what it exports; shared by API and workers."""
        return self.state_dir.absolute() / "artifacts"

    @property
    def logs(self) -> Path:
        """Where drivers and the embedded Ray write what they say."""
        return self.state_dir.absolute() / "logs"


def is_loopback(host: str) -> bool:
    """Only this machine can reach `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
