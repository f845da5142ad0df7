"""What one candidate asks of each part of the service, and the ways to ask for less."""

from dataclasses import dataclass
from enum import StrEnum

from workers.reporter import REPORT_SECONDS


class Station(StrEnum):
    """Where outcomes queue up: each serves one after the other."""

    QUEUE = "queue actor"
    DRIVER = "driver"  # the thread that asks, writes down and tells; it waits for queue actor and database


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTime:
    """Seconds that one call of a worker takes: it brings the outcomes of a pack and takes the next one.

    Calls of all workers come at once from one process, so this is the time of the slower of it and the actor; the
    driver's exchange, one for a call of every worker, is included.
    """

    pack: int
    slots: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Seconds, each the mean on one machine: the load of a station is a sum of means."""

    call: float  # queue actor, one call without candidates
    handed: float  # queue actor, one more candidate or outcome in a call
    think: float  # algorithm and pump: an ask and a tell
    think_alone: float  # the same without the algorithm's surrogate
    recorded: float  # database: an ask and a tell, a transaction each
    transaction: float  # database: one that writes many, without its rows
    row: float  # database: an ask and a tell in such a transaction
    report: float  # Tune's controller, one report of any number of outcomes

    def handing(self, passed: int) -> float:
        """The queue actor's time for one call with so many candidates and outcomes together."""
        return self.call + passed * self.handed


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is searched, with what: `seconds` is the mean time of a candidate on a GPU, in a pack its share.

    `spread` is the standard deviation of its logarithm: times are log-normal.
    """

    gpus: int
    candidates: int
    seconds: float
    spread: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a search of many workers is arranged."""

    name: str
    pack: int = 1  # candidates that a worker takes at once
    batched_writes: bool = False  # one transaction for all tells of a turn of the driver, and one for all asks
    queues: int = 1  # actors, each with its share of the workers
    surrogate: bool = True  # chooses the children that are asked

    def writing(self, services: Services, *, told: int, asked: int) -> float:
        """The time that the driver waits for the database in a turn; an ask and a tell take the same."""
        pairs = (told + asked) / 2
        if self.batched_writes:
            return ((told > 0) + (asked > 0)) * services.transaction + pairs * services.row
        return pairs * services.recorded

    def thinking(self, services: Services, load: Load) -> float:
        """The driver's own time for a candidate, which it shares a process, and so Python's lock, with Tune for."""
        own = services.think if self.surrogate else services.think_alone
        return own * (1 + self.tune_share(services, load))

    def tune_share(self, services: Services, load: Load) -> float:
        """How busy Tune's controller is, 0 to 1. It holds nobody up: what it is late for, the next report brings."""
        reports = load.gpus / max(REPORT_SECONDS, self.pack * load.seconds)  # each second
        return min(1.0, reports * services.report)


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The station that saturates first, at so many GPUs; `demand` is its seconds per candidate."""

    station: Station
    demand: float
    gpus: float


def demands(setting: Setting, services: Services, load: Load) -> dict[Station, float]:
    """Seconds of each station per candidate, when the driver finds a pack from every GPU at each of its turns.

    That is what a station that is short of time finds; one that is not has time for shorter turns.
    """
    turn = load.gpus * setting.pack
    exchange = services.handing(2 * turn) / turn
    worker = services.handing(2 * setting.pack) / setting.pack
    return {
        Station.QUEUE: (exchange + worker) / setting.queues,
        Station.DRIVER: exchange
        + setting.thinking(services, load)
        + setting.writing(services, told=turn, asked=turn) / turn,
    }


def bottleneck(setting: Setting, services: Services, load: Load) -> Bottleneck:
    """The asymptotic bound of a closed network: (a GPU's own time + what it waits for) / the largest demand, in GPUs.

    Lazowska et al., Quantitative System Performance (1984), chapter 5.
    """
    asked = demands(setting, services, load)
    station = max(asked, key=lambda each: asked[each])
    waits = services.handing(2 * setting.pack) / setting.pack
    return Bottleneck(station, asked[station], (load.seconds + waits) / asked[station])
