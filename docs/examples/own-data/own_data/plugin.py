"""What Twinsieve finds by the entry point `discs`: for which task, and which answers there are.

A backbone whose own head knows all of these answers keeps that head; another one gets a new head.
"""

from models.plugins.data import DataPlugin

COLORS = {
    "red": (214, 40, 40),
    "green": (44, 150, 60),
    "blue": (44, 76, 210),
    "yellow": (240, 220, 50),
}
PLUGIN = DataPlugin(tasks=("vqa",), answers=tuple(COLORS), examples="own_data.discs:examples", frame="square")
