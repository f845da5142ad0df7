"""Routes that say what can be searched: backbones, data, tasks, foregrounds, algorithms."""

from pathlib import Path
from typing import get_args

from fastapi import APIRouter

from models.data.folders import DataFolders
from models.foreground.cost import foreground_cost
from models.foreground.names import foreground_names
from models.plugins.data import data_plugins
from models.registry import DATASETS, BackboneRegistry, format_of
from models.workload import TaskName
from search.algorithm_spec import AlgorithmSpec
from service.api.problems import RESPONSES
from service.api.schemas import AlgorithmView, BackboneView, DataView, ForegroundView, TaskView
from service.api.services import Given

router = APIRouter(tags=["catalogue"], responses=RESPONSES)


@router.get("/backbones")
def list_backbones(services: Given) -> list[BackboneView]:
    """Every registered backbone."""
    return [_backbone(services.registry, name) for name in services.registry.names()]


@router.get("/data")
def list_data(services: Given) -> list[DataView]:
    """Every registered data set: the embedded world, those of plugins, and folders of real data, for whatever tasks."""
    names = (*DATASETS, *data_plugins().usable, *DataFolders(services.folders.data).names())
    return [DataView(name=name, embedded=name in DATASETS) for name in names]


@router.get("/foregrounds")
def list_foregrounds(services: Given) -> list[ForegroundView]:
    """Every registered foreground provider, and what it costs."""
    root = services.folders.foregrounds
    return [_foreground(name, root) for name in foreground_names(root)]


@router.get("/tasks")
def list_tasks() -> list[TaskView]:
    """Every downstream task."""
    return [TaskView(name=name) for name in TaskName]


@router.get("/algorithms")
def list_algorithms() -> list[AlgorithmView]:
    """Every search algorithm, with its settings and their defaults."""
    union, _discriminator = get_args(AlgorithmSpec)
    return [
        AlgorithmView(
            name=kind.model_fields["name"].default, description=kind.__doc__ or "", settings=kind.model_json_schema()
        )
        for kind in get_args(union)
    ]


def _foreground(name: str, root: Path | None) -> ForegroundView:
    try:
        cost = foreground_cost(name, root)
    except ValueError as error:
        return ForegroundView(name=name, error=str(error))
    return ForegroundView(name=name, macs=cost.macs, parameters=cost.parameters)


def _backbone(registry: BackboneRegistry, name: str) -> BackboneView:
    try:
        config = registry.get(name).config
    except ValueError as error:
        return BackboneView(name=name, error=str(error))
    return BackboneView(
        name=name,
        format=format_of(config),
        hidden_size=config.hidden_size,
        image_size=config.image_size,
        patch_size=config.patch_size,
        sub_layers=[str(sub_layer) for sub_layer in config.sub_layers],
    )
