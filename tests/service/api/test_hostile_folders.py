"""What lies in the folders of an installation may be wrong or made to harm; the API says so and shows nothing else.

Backbones, data and foregrounds are put there by operators, artifacts by workers: none of them is a request, and none of
them is trusted with more than its own folder.
"""

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.registry import FORMAT, BackboneRegistry
from service.api.services import Services
from service.domain.records import Status
from tests.service.asking import SPEC, running
from tests.service.serving import CONFIG, serving

SECRET = "the secret of this machine"
SIZES = CONFIG.to_json()


def config(**more: object) -> bytes:
    """Ours, but for what is given; None: without it."""
    data = {"format": FORMAT, "backbone": SIZES, "answers": [], **more}
    return json.dumps({name: value for name, value in data.items() if value is not None}).encode()


WRONG_SIZES: Sequence[Mapping[str, Any]] = (
    *({"hidden_size": "many"}, {"hidden_size": None}, {"heads": 0}, {"heads": -1}, {"heads": True}),
    *({"blocks": 10**12}, {"blocks": float("nan")}, {"image_size": float("inf")}, {"surprise": 1}),
)
CONFIGS = {
    "deep": b"[" * 100_000,
    "deep-object": b'{"format": ' * 50_000,
    "digits": b'{"format": ' + b"9" * 6000 + b"}",
    "torn": b'{"format": "twinsieve-vilt/1"',
    "empty": b"",
    "nul": b"\x00" * 100,
    "no-text": b"\xff\xfe\x00",
    "list": b"[]",
    "bare": config(backbone=None, answers=None),
    "no-answers": config(answers=None),
    "answers": config(answers=3),
    "heads": config(heads=3),
    "backbone": config(backbone="tiny"),
    **{f"sizes-{number}": config(backbone={**SIZES, **sizes}) for number, sizes in enumerate(WRONG_SIZES)},
}
NAMES = [".hidden", "-rf", "a b", "a\nb", "a;b", "ü", "%2e%2e", "a" * 200, "$(id)"]


@pytest.fixture
def broken(services: Services, tmp_path: Path) -> Iterator[httpx.Client]:
    """An API over backbones of which only `tiny` can be read."""
    root = tmp_path / "backbones"
    for name, config in CONFIGS.items():
        (root / name).mkdir()
        (root / name / "config.json").write_bytes(config)
    for name in NAMES:
        (root / name).mkdir()
        (root / name / "config.json").write_text(SECRET)
    (root / "folder" / "config.json").mkdir(parents=True)
    (root / "pipe").mkdir()
    os.mkfifo(root / "pipe" / "config.json")
    for name, target in {"loop": "loop", "away": "/proc/self/environ", "none": "nowhere"}.items():
        (root / name).mkdir()
        (root / name / "config.json").symlink_to(target)
    served = serving(replace(services, registry=BackboneRegistry(root)))
    with served as address, httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield client


class TestBackbones:
    def test_each_says_what_is_wrong(self, broken: httpx.Client, tmp_path: Path) -> None:
        answer = broken.get("/v1/backbones")
        assert answer.status_code == 200, answer.text
        found = {each["name"]: each for each in answer.json()}
        assert found["tiny"]["error"] is None
        assert {name for name in CONFIGS if found[name]["error"] is None} == set()
        assert all(found[name]["error"] for name in ("pipe", "folder", "loop", "away") if name in found)
        for hidden in (SECRET, str(tmp_path), "Traceback"):
            assert hidden not in answer.text

    def test_none_can_be_searched(self, broken: httpx.Client, tmp_path: Path) -> None:
        for name in (*CONFIGS, *NAMES, "pipe", "folder", "loop", "away", "none", "..", "../backbones/tiny", "tiny/."):
            answer = broken.post("/v1/searches", json=SPEC | {"backbone": name})
            assert answer.status_code == 422, (name, answer.text)
            assert SECRET not in answer.text
            assert str(tmp_path) not in answer.text
        assert broken.post("/v1/searches", json=SPEC).status_code == 201


class TestOtherFolders:
    @pytest.mark.parametrize(("field", "kind"), [("data", "data"), ("foreground", "foregrounds")])
    def test_none_leads_out(self, api: httpx.Client, tmp_path: Path, field: str, kind: str) -> None:
        root = tmp_path / kind
        for name in NAMES:
            (root / name).mkdir(parents=True)
            (root / name / "boxes.json").write_text(SECRET)
            (root / name / "config.json").write_text(SECRET)
        (root / "away").symlink_to("/etc")
        listed = api.get(f"/v1/{kind}")
        assert listed.status_code == 200, listed.text
        for name in (*NAMES, "away", "..", "../data", "/etc", "a/../b"):
            value = {"space": {"foreground": name}} if field == "foreground" else {"data": name}
            answer = api.post("/v1/searches", json=SPEC | value)
            assert answer.status_code == 422, (name, answer.text)
            for hidden in (SECRET, str(tmp_path), "Traceback"):
                assert hidden not in answer.text + listed.text


class TestArtifacts:
    @pytest.mark.parametrize(
        "name",
        [
            "..",
            "../other",
            "/etc",
            "models/../..",
            "models/../../other",
            "",
            ".",
            "a\x00b",
            "\\..",
            "link",
            "link/inner",
        ],
    )
    def test_no_name_leads_out(self, api: httpx.Client, services: Services, tmp_path: Path, name: str) -> None:
        lease = running(api, services.store)
        root = services.artifacts
        for folder in (root / "other", root / lease.search_id / "models", tmp_path / "outside" / "inner"):
            folder.mkdir(parents=True)
            (folder / "secret").write_text(SECRET)
        (root / lease.search_id / "link").symlink_to(tmp_path / "outside")
        services.store.leases.finish(lease, Status.SUCCEEDED, result={"artifact": name, "chosen": None})
        answer = api.get(f"/v1/searches/{lease.search_id}/model")
        assert answer.status_code in (404, 500, 503), (name, answer.status_code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert SECRET not in answer.text
        assert str(tmp_path) not in answer.text

    def test_only_regular_files_are_exported(self, api: httpx.Client, services: Services, tmp_path: Path) -> None:
        lease = running(api, services.store)
        folder = services.artifacts / lease.search_id / "best"
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "plain").write_text("good")
        names = [name for name in NAMES if name.isprintable()]
        for name in names:
            (folder / name).write_text("good")
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "secret").write_text(SECRET)
        (folder / "file-link").symlink_to(outside / "secret")
        (folder / "folder-link").symlink_to(outside)
        (folder / "loop").symlink_to(folder)
        (folder / "dangling").symlink_to("nowhere")
        os.mkfifo(folder / "pipe")
        services.store.leases.finish(lease, Status.SUCCEEDED, result={"artifact": "best", "chosen": None})
        answer = api.get(f"/v1/searches/{lease.search_id}/model", timeout=20)
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert sorted(archive.namelist()) == sorted([*names, "deep/er/plain"])
            assert {archive.read(name) for name in archive.namelist()} == {b"good"}
            assert not any(Path(name).is_absolute() or ".." in Path(name).parts for name in archive.namelist())
