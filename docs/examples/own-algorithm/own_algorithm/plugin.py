"""What Twinsieve finds by the entry point `hill-climb`: the settings that a spec may give, and where the class is."""

from typing import Literal

from pydantic import Field

from search.plugin import AlgorithmPlugin, PluggedSpec


class HillClimbSpec(PluggedSpec):
    """Hill climbing for accuracy under the bounds: batch after batch of neighbours of the best so far."""

    name: Literal["hill-climb"] = "hill-climb"
    neighbours: int = Field(4, ge=1, le=1000, description="chromosomes in a batch")
    flips: int = Field(2, ge=1, le=100, description="layer genes in which a neighbour differs")


PLUGIN = AlgorithmPlugin(settings=HillClimbSpec, algorithm="own_algorithm.hill_climb:HillClimb")
