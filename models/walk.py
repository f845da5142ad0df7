"""One architecture through a backbone, sub-layer by sub-layer."""

from typing import TypeVar

from models.architecture import Architecture
from models.backbone import Images, Machine, ModuleSet, Narrowing, Step, Texts

State = TypeVar("State")
Sight = TypeVar("Sight", bound=Narrowing)


def walk(
    machine: Machine[State, Sight], texts: Texts, images: Images, architecture: Architecture, modules: ModuleSet | None
) -> State:
    """The state behind the last place: the sub-layers that are kept have run, each with its module.

    Raises:
        ValueError: the architecture does not fit the backbone, or what has already run.
    """
    state = machine.begin(texts, images, architecture)
    token = modules.classifier_token if modules is not None and architecture.classifier_token else None
    scorer = machine.scorer(architecture)
    for place in machine.places(texts, images):
        state = machine.enter(state, place)
        if token is not None:
            state = machine.mark(state, place, token)
        choice = architecture.choices[place]
        module = None if modules is None or choice.module is None else modules.at(place)
        sight = machine.advance(machine.sight(state, place, choice), place, Step(choice, module, place == scorer))
        state = machine.put(state, place, sight)
    return state
