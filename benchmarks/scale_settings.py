"""The arrangements that are compared, and the way from one bottleneck to the next."""

from dataclasses import dataclass, replace

from benchmarks.scale_services import Bottleneck, Load, Services, Setting, bottleneck

PACK, QUEUES = 8, 4
AS_IS = Setting(name="as is")
PACKS = replace(AS_IS, name=f"packs of {PACK}", pack=PACK)
BATCHED = replace(AS_IS, name="batched writes", batched_writes=True)
SEVERAL = replace(AS_IS, name=f"{QUEUES} queue actors", queues=QUEUES)
ALONE = replace(AS_IS, name="no surrogate", surrogate=False)
CHANGES = (PACKS, BATCHED, SEVERAL, ALONE)
"""Each differs from `AS_IS` in one thing."""

BOTH = replace(PACKS, name=f"packs of {PACK}, batched writes", batched_writes=True)
ALL = Setting(name="all of these", pack=PACK, batched_writes=True, queues=QUEUES, surrogate=False)
SETTINGS = (AS_IS, *CHANGES, BOTH, ALL)


@dataclass(frozen=True, slots=True)
class Move:
    """One change and what it does: the bottleneck before and after it."""

    change: str
    before: Bottleneck
    after: Bottleneck


def moves(services: Services, load: Load) -> list[Move]:
    """From as is, one change after the other, each the one that helps most, until nothing saturates below the GPUs.

    It ends before that where no change helps any more.
    """
    setting, found = AS_IS, list[Move]()
    before = bottleneck(setting, services, load)
    while before.gpus < load.gpus:
        change = _best(setting, services, load)
        setting = _with(setting, change)
        after = bottleneck(setting, services, load)
        if after.gpus <= before.gpus:
            break
        found.append(Move(change.name, before, after))
        before = after
    return found


def _best(setting: Setting, services: Services, load: Load) -> Setting:
    return max(CHANGES, key=lambda each: bottleneck(_with(setting, each), services, load).gpus)


def _with(setting: Setting, change: Setting) -> Setting:
    """Both together."""
    return replace(
        setting,
        pack=max(setting.pack, change.pack),
        batched_writes=setting.batched_writes or change.batched_writes,
        queues=max(setting.queues, change.queues),
        surrogate=setting.surrogate and change.surrogate,
    )
