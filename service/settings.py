"""What an installation may set: from the environment, prefix `TWINSIEVE_`."""

from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.folders import Folders
from service.domain.quota import Quota

SECRETS = ("database_url", "webhook_secret", "ray_token")


class TrackerName(StrEnum):
    """The trackers there are."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


class Settings(BaseSettings):
    """One installation. Without a database address everything lives under `state_dir`, in SQLite.

    What a spec names lies in folders under three roots, which all workers see: `backbones`, real `data` (raw or arrow
    files), and `foregrounds` (object detectors, or boxes found once). Each folder's name is the name in the spec. A
    secret may come from a file, which is named by the secret's variable with `_FILE` behind it.
    """

    model_config = SettingsConfigDict(
        env_prefix="TWINSIEVE_", env_parse_none_str="none", frozen=True, hide_input_in_errors=True
    )

    state_dir: Path = Path("var")
    backbones: Path | None = None
    data: Path | None = None
    foregrounds: Path | None = None
    artifacts_url: str | None = None  # s3://bucket/folder; none: `artifacts` under `state_dir`

    # each before its secret, whose validator reads it
    database_url_file: Path | None = None
    database_url: str | None = Field(None, repr=False, validate_default=True)  # repr: it carries a password
    webhook_secret_file: Path | None = None
    webhook_secret: str | None = Field(None, repr=False, validate_default=True, min_length=32)
    ray_token_file: Path | None = None
    ray_token: str | None = Field(None, repr=False, validate_default=True, min_length=32)

    host: str = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    require_keys: bool = False  # also from whoever reaches the loopback address
    log: Literal["text", "json"] = "text"
    metrics_port: int | None = Field(None, ge=0, le=65535)  # of a dispatcher; none: it listens nowhere
    metrics_host: str = "127.0.0.1"

    ray_address: str | None = None  # none: the dispatcher starts a Ray of its own
    ray_dashboard_url: str | None = None  # as the users' browsers reach it
    lease_seconds: PositiveFloat = 15.0
    start_seconds: NonNegativeFloat = 30.0  # beyond a lease, for the process of a driver to begin
    poll_seconds: PositiveFloat = 0.5
    worker_cpus: PositiveInt = 1  # what each worker gets, in cores
    worker_gpus: NonNegativeFloat | None = None  # below 1: a share, of memory too; none: one if any
    node_patience_seconds: PositiveFloat = 60.0  # without a node that has room for a worker, before a search fails
    max_running: PositiveInt = 1  # drivers of one dispatcher
    max_attempts: PositiveInt = 3  # claims in a row that end without one told candidate

    # what an owner may use, unless `twinsieve quotas set` says otherwise; none: as much as there is
    quota_queued: NonNegativeInt | None = None  # searches that wait
    quota_running: NonNegativeInt | None = None  # searches at once
    quota_candidates: NonNegativeInt | None = None  # of one search
    quota_gpu_hours: NonNegativeFloat | None = None  # of scoring, in searches of the last 30 days

    max_body_bytes: PositiveInt = 1 << 20
    rate_per_minute: PositiveInt | None = 6000  # requests of one caller to one API process; none: any number
    max_candidates: PositiveInt = 100_000  # of one search
    max_queued: PositiveInt = 10_000  # searches of all owners together
    max_streams: PositiveInt = 256  # of events, to all clients of one API process
    max_streams_per_caller: PositiveInt = 16
    min_free_disk_bytes: NonNegativeInt = 1 << 28  # below, nothing is accepted that needs more
    keep_artifacts_days: PositiveFloat | None = None  # after the end of a search; none: for ever
    webhook_private: bool = False  # webhooks may go to private and loopback addresses

    trackers: str | None = None  # who is told of every candidate: tensorboard, mlflow, or both with a comma between
    tensorboard_dir: Path | None = None  # none: `tensorboard` under `state_dir`
    mlflow_uri: str | None = Field(None, repr=False, validate_default=True)  # of its server; repr: a password in it
    mlflow_experiment: str = "twinsieve"
    tracker_max_bytes: NonNegativeInt = 1 << 26  # of a search's model and report, that a tracker may keep

    @field_validator("backbones", "data", "foregrounds", "tensorboard_dir", *(f"{secret}_file" for secret in SECRETS))
    @classmethod
    def _for_every_process(cls, path: Path | None) -> Path | None:
        return None if path is None else path.absolute()  # a worker may stand in another folder

    @field_validator("trackers")
    @classmethod
    def _known_trackers(cls, value: str | None) -> str | None:
        _tracker_names(value)
        return value

    @field_validator("mlflow_uri")
    @classmethod
    def _given_with_its_tracker(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and TrackerName.MLFLOW in _tracker_names(info.data.get("trackers")):
            raise ValueError("TWINSIEVE_TRACKERS names mlflow: give the address of its server")
        return value

    @field_validator(*SECRETS, mode="before")
    @classmethod
    def _from_file(cls, value: object, info: ValidationInfo) -> object:
        name = f"{info.field_name}_file"
        file: Path | None = info.data.get(name)
        if file is None:
            return value
        if value is not None:
            raise ValueError(f"given twice: set either it or TWINSIEVE_{name.upper()}, not both")
        return _secret(file)

    @model_serializer(mode="wrap")
    def _as_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What came from a file stays there, so that what is written down can be read again."""
        files = [secret for secret in SECRETS if getattr(self, f"{secret}_file") is not None]
        return {name: value for name, value in handler(self).items() if name not in files}

    @property
    def folders(self) -> Folders:
        """Where real data and foreground providers lie."""
        return Folders(data=self.data, foregrounds=self.foregrounds)

    @property
    def quota(self) -> Quota:
        """What an owner may use of whom nothing else is said."""
        return Quota(
            queued=self.quota_queued,
            running=self.quota_running,
            candidates=self.quota_candidates,
            gpu_hours=self.quota_gpu_hours,
        )

    @property
    def tracker_names(self) -> tuple[TrackerName, ...]:
        """Who is told of every candidate."""
        return _tracker_names(self.trackers)

    @property
    def tensorboard(self) -> Path:
        """Where event files for TensorBoard lie, a folder for each search."""
        return self.tensorboard_dir or self.state_dir.absolute() / "tensorboard"

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


def _secret(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {file}: {error}") from None
    if not text:
        raise ValueError(f"{file} is empty")
    return text


def _tracker_names(text: str | None) -> tuple[TrackerName, ...]:
    """The names in a list with commas.

    Raises:
        ValueError: one of them is unknown.
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if unknown := [name for name in names if name not in list(TrackerName)]:
        raise ValueError(f"no tracker '{unknown[0]}'; there are {', '.join(TrackerName)}")
    return tuple(map(TrackerName, dict.fromkeys(names)))


def is_loopback(host: str) -> bool:
    """Only this machine can reach `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
