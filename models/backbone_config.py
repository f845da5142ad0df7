"""What every backbone says of its sizes, without torch."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

from models.architecture import SubLayer


class BackboneConfig(Protocol):
    """The sizes of a backbone; `config.json` holds them."""

    @property
    def hidden_size(self) -> int:
        """Width of the tokens, D."""

    @property
    def pooled_size(self) -> int:
        """Width of the pooled features, P: D for ViLT, 2 D for METER."""

    @property
    def image_size(self) -> int:
        """Side of the square image that the position embedding was made for, in pixels."""

    @property
    def patch_size(self) -> int:
        """Side of a patch, in pixels."""

    @property
    def vocabulary(self) -> int:
        """How many tokens the text embedding knows."""

    @property
    def max_text_length(self) -> int:
        """The longest text, in tokens."""

    @property
    def pad_id(self) -> int:
        """The token id that fills a text up."""

    @property
    def patch_places(self) -> int:
        """The last place of a patch filter: one after that many blocks has an effect (see `PatchKeep`)."""

    @property
    def sub_layers(self) -> tuple[SubLayer, ...]:
        """The droppable sub-layers in gene order."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, numbers alone, that `from_json` reads back."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The config that `to_json` described.

        Raises:
            ValueError: it described none.
        """
