"""`python -m own_backbone FOLDER`: the embedded world's ViLT as a `quick-vilt`, for a folder under the backbones' root.

QuickGELU comes close to GELU, so that the weights serve as they are.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from models.checkpoints import load_network, save_network
from models.registry import BackboneRegistry
from own_backbone.network import QuickVilt
from own_backbone.plugin import QuickViltConfig


def main() -> None:
    """Read the shipped weights, write the folder."""
    parser = argparse.ArgumentParser(prog="python -m own_backbone")
    parser.add_argument("folder", type=Path, help="is made, or made anew; its name is the backbone's name in a spec")
    folder = parser.parse_args().folder
    given = load_network(BackboneRegistry().get("shapes-vilt").path)
    backbone = QuickVilt(QuickViltConfig.from_json(given.config.to_json()))
    backbone.load_state_dict(given.backbone.state_dict())
    save_network(folder, replace(given, backbone=backbone), provenance={"weights": "shapes-vilt"})


if __name__ == "__main__":
    main()
