"""`Frozen`: what every part of a spec is, and the names that a spec may contain."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.plugins.installed import NAME

Name = Annotated[str, Field(pattern=NAME)]
"""A registered name: never a path, so that a request cannot reach into the file system."""


class Frozen(BaseModel):
    """Data that never changes and refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
