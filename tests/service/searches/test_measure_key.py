"""Equal keys mean equal measurements: whatever a measurement depends on is part of its key, and nothing else."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from models.data.folders import DataFolders
from models.folders import Folders
from models.registry import BackboneEntry, BackboneRegistry
from search.build import build_space
from search.contracts import Candidate, Fidelity
from search.spec import SearchSpec, parse_spec
from service.searches.measure_key import MeasureKeys
from service.searches.origin import origin
from tests.service.serving import write_backbone

SPEC: dict[str, Any] = {
    "backbone": "tiny",
    "fidelity": {"rungs": [2, 5], "audit_steps": 40},
    "proxy": {"steps": 10, "batch_size": 8},
}
WARM: dict[str, Any] = SPEC | {"fidelity": SPEC["fidelity"] | {"warm_steps": 50}}
KEYED = (Fidelity.SCREEN, Fidelity.RUNG_1, Fidelity.RUNG_2, Fidelity.PROXY, Fidelity.AUDIT)
GENOME = (1, 0) * 4
Key = Callable[..., str | None]


@pytest.fixture
def entry(tmp_path: Path) -> BackboneEntry:
    write_backbone(tmp_path / "backbones")
    return BackboneRegistry(tmp_path / "backbones").get("tiny")


@pytest.fixture
def key(entry: BackboneEntry) -> Key:
    def of(
        data: dict[str, Any],
        *,
        fidelity: Fidelity = Fidelity.PROXY,
        genome: tuple[int, ...] = GENOME,
        known: dict[str, object] | None = None,
    ) -> str | None:
        spec = parse_spec(data)
        keys = MeasureKeys(spec, build_space(spec, entry).decode, known or {"backbone": "abc"})
        return keys.of(Candidate(0, genome, fidelity))

    return of


def changed(data: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`data` with the fields of `change`, those of its parts included."""
    return data | {
        name: data[name] | value if isinstance(value, dict) and name in data else value
        for name, value in change.items()
    }


@pytest.mark.parametrize(
    "change",
    [
        {"data": "shapes-small"},
        {"bad_examples": "skip"},
        {"task": "nlvr2"},
        {"seed": 1},
        {"precision": "bfloat16"},
        {"space": {"foreground": "saliency"}},
        {"space": {"dropped": "identity"}},
        {"proxy": {"steps": 11}},
        {"proxy": {"fitness_examples": 100}},
        {"proxy": {"batch_size": 16}},
        {"proxy": {"learning_rate": 0.5}},
        {"fidelity": {"warm_steps": 100}},
    ],
    ids=str,
)
def test_what_a_proxy_depends_on(key: Key, change: dict[str, Any]) -> None:
    assert key(changed(SPEC, change)) != key(SPEC)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "another"},
        {"workers": 7},
        {"reuse": True},
        {"algorithm": {"name": "random"}},
        {"budget": {"candidates": 30, "gpu_hours": 1.0, "macs_ratio": 0.9}},
        {"final": {"steps": 7}},
        {"proxy": {"pack": 4}},
        {"fidelity": {"audit_steps": 50, "audit": 2, "keep": 0.3, "rungs": [3]}},
        {"space": {"patch_ratios": [1.0]}},
    ],
    ids=str,
)
def test_what_a_proxy_does_not_depend_on(key: Key, change: dict[str, Any]) -> None:
    assert key(changed(SPEC, change)) == key(SPEC)


@pytest.mark.parametrize(
    "change",
    [
        {"fidelity": {"warm_steps": 51}},
        {"budget": {"macs_ratio": 0.9}},
        {"budget": {"macs": 1_000_000}},
        {"space": {"modules": ["bottleneck:8", "none"]}},
    ],
    ids=str,
)
def test_what_shared_weights_depend_on(key: Key, change: dict[str, Any]) -> None:
    genome = (*GENOME, 0) if "space" in change else GENOME
    assert key(changed(WARM, change), genome=genome) != key(WARM)
    assert "warm_steps" in change.get("fidelity", {}) or key(changed(SPEC, change), genome=genome) == key(SPEC)


@pytest.mark.parametrize(
    ("fidelity", "change"),
    [
        (Fidelity.SCREEN, {"fidelity": {"screen_examples": 9}}),
        (Fidelity.RUNG_1, {"fidelity": {"rungs": [3, 5]}}),
        (Fidelity.RUNG_1, {"proxy": {"steps": 11}}),
        (Fidelity.AUDIT, {"fidelity": {"audit_steps": 41}}),
        (Fidelity.AUDIT, {"proxy": {"fitness_examples": 100}}),
    ],
)
def test_what_other_stages_depend_on(key: Key, fidelity: Fidelity, change: dict[str, Any]) -> None:
    assert key(changed(SPEC, change), fidelity=fidelity) != key(SPEC, fidelity=fidelity)


def test_stages_and_chromosomes_differ(key: Key) -> None:
    keys = [key(SPEC, fidelity=fidelity) for fidelity in KEYED]
    assert len({*keys, key(SPEC, genome=(0, 1) * 4)}) == len(KEYED) + 1
    assert all(each is not None and len(each) == 64 and int(each, 16) for each in keys)


def test_a_rung_is_its_steps_not_its_number(key: Key) -> None:
    later = changed(SPEC, {"fidelity": {"rungs": [5]}})
    assert key(later, fidelity=Fidelity.RUNG_1) == key(SPEC, fidelity=Fidelity.RUNG_2)


def test_an_audit_without_steps_is_four_proxies_long(key: Key) -> None:
    unsaid = changed(SPEC, {"fidelity": {"audit_steps": None}})
    assert key(unsaid, fidelity=Fidelity.AUDIT) == key(SPEC, fidelity=Fidelity.AUDIT)


@pytest.mark.parametrize("fidelity", [each for each in Fidelity if each not in (*KEYED, Fidelity.RUNG_3)])
def test_what_leaves_files_or_times_is_never_taken_over(key: Key, fidelity: Fidelity) -> None:
    assert key(SPEC, fidelity=fidelity) is None


@pytest.mark.parametrize(
    "change",
    [
        {"objectives": ["accuracy", "latency_ms"], "algorithm": {"name": "nsga2"}},
        {"objectives": ["accuracy", "peak_memory_mb"], "algorithm": {"name": "nsga2"}},
        {"budget": {"latency_ms": 5.0}},
        {"budget": {"peak_memory_mb": 5.0}},
    ],
    ids=str,
)
def test_what_belongs_to_one_machine_is_never_taken_over(key: Key, change: dict[str, Any]) -> None:
    assert key(changed(SPEC, change)) is None


class TestOrigin:
    """The same names, another content."""

    def test_code_and_files_are_part_of_every_key(self, key: Key) -> None:
        assert key(SPEC, known={"backbone": "abd"}) != key(SPEC)

    def test_a_backbone_with_other_weights(self, entry: BackboneEntry) -> None:
        def found() -> object:
            return origin(SearchSpec(), entry, Folders())

        (entry.path / "model.safetensors").write_bytes(b"one")
        before = found()
        assert found() == before
        (entry.path / "model.safetensors").write_bytes(b"two")
        assert found() != before

    def test_versions(self, entry: BackboneEntry, monkeypatch: pytest.MonkeyPatch) -> None:
        before = origin(SearchSpec(), entry, Folders())
        for changed_package in ("twinsieve", "torch"):
            monkeypatch.setattr(
                "service.searches.origin.version", lambda name, new=changed_package: "9" if name == new else "1"
            )
            after = origin(SearchSpec(), entry, Folders())
            assert after != before
            before = after

    def test_data_and_foreground_that_were_written_anew(self, entry: BackboneEntry, tmp_path: Path) -> None:
        folders = Folders(data=tmp_path / "data", foregrounds=tmp_path / "foregrounds")
        spec = parse_spec({"data": "mine", "space": {"foreground": "found", "patch_ratios": [0.5]}})
        seen = list[object]()
        for file in ("data/mine/train.arrow", "foregrounds/found/boxes.json"):
            (tmp_path / file).parent.mkdir(parents=True)
        for file, content in (
            ("data/mine/train.arrow", "a"),
            ("foregrounds/found/boxes.json", "b"),
            ("data/mine/train.arrow", "longer"),
            ("foregrounds/found/boxes.json", "longer"),
        ):
            (tmp_path / file).write_text(content)
            seen.append(origin(spec, entry, folders))
        assert all(one != other for one, other in pairwise(seen))
        with pytest.raises(ValueError, match="no data folder 'gone'"):
            origin(parse_spec({"data": "gone"}), entry, folders)
        assert "mine" in DataFolders(folders.data)
