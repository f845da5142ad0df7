"""What Twinsieve finds by the entry point `counted-shapes` in `twinsieve.data`."""

from models.plugins.data import DataPlugin

PLUGIN = DataPlugin(tasks=("counting",), examples="own_task.pictures:examples", frame="square")
