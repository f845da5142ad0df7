"""`Report`: the facts about one search, gathered once; every form that they are read in is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from search.contracts import Fidelity
from search.spec import Objective
from service.report.proxies import Proxies
from service.report.source import Source, measured
from service.report.spending import Spending
from service.report.tested import TestedModel, tested_models, winner_genome
from service.report.text import flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the exported model says of the code, the weights and the machine behind it; empty where there is none."""

    versions: Mapping[str, str]
    backbone_sha256: str | None
    latency: str | None  # how it was measured, and where

    @classmethod
    def of(cls, provenance: Mapping[str, Any]) -> Self:
        """As the model's `config.json` has it."""
        versions = provenance.get("versions")
        found = versions if isinstance(versions, dict) else {}
        return cls(
            versions={flat(name): flat(str(each)) for name, each in found.items()},
            backbone_sha256=_text(provenance.get("backbone_sha256")),
            latency=_text(provenance.get("latency")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A chromosome that was also trained longer: its proxy score, and the score after that."""

    proxy: float
    audit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The winner, sub-layer by sub-layer, and the share of the image patches that it looks at (None: all)."""

    sub_layers: tuple[str, ...]
    kept: tuple[bool, ...]
    modules: tuple[str | None, ...]  # beside what is kept, or in the place of what is dropped
    patch_ratio: float | None
    after_block: int | None  # patches are dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One search: what was asked for, what came of it, what it cost, and how far it can be trusted."""

    id: str
    name: str
    status: str
    owner: str
    labels: tuple[str, ...]
    notes: str
    error: str | None
    stopped_by: str | None  # the key of the spec whose bound ended it
    extends: str | None
    version: str  # of the package that it was submitted to
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    made_at: datetime
    spec: Mapping[str, Any]
    origin: Origin
    layers: tuple[str, ...]  # the name of each layer gene; empty where the backbone is not known here
    tested: tuple[TestedModel, ...]
    winner: Network | None
    proxies: Proxies
    audits: tuple[Audit, ...]
    fidelity: Mapping[str, Any] | None  # as the search's result has it
    spending: Spending

    @classmethod
    def of(cls, source: Source) -> Self:
        """The facts that `source` holds; of a search that goes on, those so far."""
        search, result = source.search, source.search.result or {}
        return cls(
            id=search.id,
            name=search.name,
            status=str(search.status),
            owner=search.owner,
            labels=tuple(search.labels),
            notes=search.notes,
            error=search.error,
            stopped_by=result.get("stopped_by"),
            extends=search.extends,
            version=search.version,
            created_at=search.created_at,
            started_at=search.started_at,
            finished_at=search.finished_at,
            made_at=source.made_at,
            spec=search.spec,
            origin=Origin.of(source.provenance),
            layers=tuple(source.layers),
            tested=tested_models(source),
            winner=_winner(source),
            proxies=Proxies.of(source),
            audits=_audits(source),
            fidelity=result.get("fidelity"),
            spending=Spending.of(source),
        )


def _text(value: object) -> str | None:
    return flat(value) if isinstance(value, str) else None


def _winner(source: Source) -> Network | None:
    genome = winner_genome(source)
    found = None if genome is None else source.architecture(genome)
    if found is None or len(found.choices) != len(source.sub_layers):
        return None
    return Network(
        sub_layers=tuple(source.sub_layers),
        kept=tuple(each.keep for each in found.choices),
        modules=tuple(None if each.module is None else str(each.module) for each in found.choices),
        patch_ratio=None if found.patches is None else found.patches.ratio,
        after_block=None if found.patches is None else found.patches.after_block,
    )


def _audits(source: Source) -> tuple[Audit, ...]:
    proxies = {each.candidate.genome: measured(each) for each in source.at(Fidelity.PROXY)}
    pairs = ((proxies.get(each.candidate.genome), measured(each)) for each in source.at(Fidelity.AUDIT))
    return tuple(
        Audit(proxy=proxy[Objective.ACCURACY], audit=audit[Objective.ACCURACY])
        for proxy, audit in pairs
        if proxy is not None and audit is not None
    )
