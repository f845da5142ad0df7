"""Routes that say what can be searched: backbones, tasks, algorithms."""

from typing import get_args

from fastapi import APIRouter

from models.registry import BackboneRegistry
from models.workload import TaskName
from search.spec import AlgorithmSpec
from service.api.problems import RESPONSES
from service.api.schemas import AlgorithmView, BackboneView, TaskView
from service.api.services import Given

router = APIRouter(tags=["catalogue"], responses=RESPONSES)


@router.get("/backbones")
def list_backbones(services: Given) -> list[BackboneView]:
    """Every registered backbone."""
    return [_backbone(services.registry, name) for name in services.registry.names()]


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


def _backbone(registry: BackboneRegistry, name: str) -> BackboneView:
    try:
        config = registry.get(name).config
    except ValueError as error:
        return BackboneView(name=name, error=str(error))
    return BackboneView(
        name=name,
        blocks=config.blocks,
        hidden_size=config.hidden_size,
        image_size=config.image_size,
        patch_size=config.patch_size,
        sub_layers=[str(sub_layer) for sub_layer in config.sub_layers],
    )
