"""What Twinsieve finds by the entry point `counting` in `twinsieve.tasks`."""

from models.plugins.task import TaskPlugin

PLUGIN = TaskPlugin(classes=("2", "3", "4", "5"), rules="own_task.rules:COUNTING")
