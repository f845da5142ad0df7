"""What searches exported is found again, in a directory and in a bucket, and nothing else is."""

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import httpx
import pytest

from service.api.model_archive import zipped
from service.api.services import Services
from service.domain.records import Status
from service.settings import Settings
from service.storage.artifacts import Artifacts, ArtifactsError
from tests.service.asking import running
from tests.service.serving import serving

ID, OTHER = "0" * 26, "1" * 26
WEIGHTS = bytes(range(256)) * 10_000


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3."""
    for name in ("s3fs", "flask_cors"):
        pytest.importorskip(name)
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"lab-{os.urandom(4).hex()}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    return f"s3://{name}/twinsieve"


@pytest.fixture(params=["directory", "s3"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "kept" if request.param == "directory" else request.getfixturevalue("bucket"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a search leaves it."""
    found = tmp_path / "local"
    (found / "models" / "best" / "inner").mkdir(parents=True)
    (found / "models" / "best" / "weights.safetensors").write_bytes(WEIGHTS)
    (found / "models" / "best" / "inner" / "config.json").write_text("{}")
    (found / "models" / "best" / "passwords").symlink_to("/etc/passwd")
    (found / "models" / "best" / "everything").symlink_to("/etc")
    (found / "models" / "other").mkdir()
    (found / "models" / "other" / "weights.safetensors").write_bytes(b"other")
    (found / "tune").mkdir()
    (found / "tune" / "result.json").write_text("{}")
    return found


def names(artifacts: Artifacts, name: str, search_id: str = ID) -> list[str]:
    return [each.name for each in artifacts.files(search_id, name)]


def test_what_is_published_is_found(artifacts: Artifacts, folder: Path) -> None:
    for _ in range(2):  # by a driver and the one after it
        artifacts.publish(ID, folder, only=["models"])
    assert names(artifacts, "models/best") == ["inner/config.json", "weights.safetensors"]
    assert names(artifacts, "models/other") == ["weights.safetensors"]
    assert names(artifacts, "tune") == names(artifacts, "models/be") == names(artifacts, "models/best", OTHER) == []
    config, weights = artifacts.files(ID, "models/best")
    assert b"".join(artifacts.read(weights)) == WEIGHTS
    assert (config.size, weights.size) == (2, len(WEIGHTS))


def test_everything_is_published(artifacts: Artifacts, folder: Path) -> None:
    artifacts.publish(ID, folder)
    assert names(artifacts, "tune") == ["result.json"]


def test_an_archive_holds_every_file_and_is_always_the_same(artifacts: Artifacts, folder: Path) -> None:
    artifacts.publish(ID, folder)
    first, second = (b"".join(zipped(artifacts, artifacts.files(ID, "models/best"))) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["inner/config.json", "weights.safetensors"]
        assert archive.read("weights.safetensors") == WEIGHTS


def test_deleting(artifacts: Artifacts, folder: Path) -> None:
    artifacts.publish(ID, folder)
    artifacts.publish(OTHER, folder)
    for _ in range(2):
        artifacts.delete(ID)
    assert names(artifacts, "models/best") == []
    assert len(names(artifacts, "models/best", OTHER)) == 2


def test_what_goes_while_it_is_read(artifacts: Artifacts, folder: Path) -> None:
    artifacts.publish(ID, folder)
    file = artifacts.files(ID, "models/best")[0]
    artifacts.delete(ID)
    with pytest.raises(ArtifactsError, match=r"cannot read inner/config.json \(FileNotFoundError\)"):
        list(artifacts.read(file))


@pytest.mark.parametrize(
    "name",
    ["", "/", "/etc", "..", "../1", "models/../../x", "models//best", "./models", "models/", "a\\b", "a\0b", "a\nb"],
)
def test_a_name_that_leads_elsewhere(artifacts: Artifacts, name: str) -> None:
    with pytest.raises(ArtifactsError, match="expected a path below the folder of a search"):
        artifacts.files(ID, name)


@pytest.mark.parametrize("search_id", ["", "..", "../" + "0" * 23, "0" * 25 + "/", "0" * 25])
def test_an_id_that_is_none(artifacts: Artifacts, folder: Path, search_id: str) -> None:
    for work in (
        lambda: artifacts.files(search_id, "models"),
        lambda: artifacts.delete(search_id),
        lambda: artifacts.publish(search_id, folder),
    ):
        with pytest.raises(ArtifactsError, match="expected the id of a search"):
            work()


def test_a_folder_of_links_is_not_followed(tmp_path: Path, folder: Path) -> None:
    artifacts = Artifacts(tmp_path / "kept")
    (tmp_path / "kept" / ID).mkdir(parents=True)
    (tmp_path / "kept" / ID / "models").symlink_to(folder / "models")
    (tmp_path / "kept" / OTHER).symlink_to(folder)
    assert names(artifacts, "models/best") == names(artifacts, "models/best", OTHER) == []


def test_a_directory_behind_a_link_is_one(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "kept").symlink_to(tmp_path / "disk")
    artifacts = Artifacts(tmp_path / "kept")
    artifacts.publish(ID, folder)
    assert len(names(artifacts, "models/best")) == 2


def test_where_it_lies_already_nothing_is_copied(folder: Path) -> None:
    folder.rename(folder.parent / ID)
    artifacts = Artifacts(folder.parent)
    artifacts.publish(ID, folder.parent / ID)
    assert len(names(artifacts, "models/best")) == 2


def test_a_key_that_leads_elsewhere_is_refused(bucket: str) -> None:
    """A bucket takes any name, and whoever unpacks an archive may follow it."""
    files = fsspec.filesystem("s3", skip_instance_cache=True)
    files.pipe_file(f"{bucket}/{ID}/models/best/../../../secret", b"x")
    with pytest.raises(ArtifactsError, match="expected a path below"):
        Artifacts(bucket).files(ID, "models/best")


def test_writable(artifacts: Artifacts) -> None:
    artifacts.require_writable()
    assert names(artifacts, "models") == []


def test_not_writable(tmp_path: Path, bucket: str) -> None:
    (tmp_path / "file").write_text("in the way")
    for url in (tmp_path / "file" / "kept", "s3://nobody-s-bucket-of-this-name/x"):
        with pytest.raises(ArtifactsError, match=r"cannot write artifacts \(.*Error\); the log says why"):
            Artifacts(url).require_writable()
    assert bucket


def test_an_address_of_nothing() -> None:
    with pytest.raises(ArtifactsError, match=r"cannot keep artifacts at nowhere://x \(ValueError\)"):
        Artifacts("nowhere://x")


def test_a_model_is_fetched_from_a_bucket(services: Services, bucket: str, folder: Path) -> None:
    there = replace(services, settings=Settings(artifacts_url=bucket))
    with serving(there) as address, httpx.Client(base_url=address, trust_env=False) as client:
        lease = running(client, services.store)
        services.store.leases.finish(lease, Status.SUCCEEDED, result={"artifact": "models/best"})
        path = f"/v1/searches/{lease.search_id}/model"
        assert client.get(path).status_code == 404
        there.exports.publish(lease.search_id, folder, only=["models"])
        with zipfile.ZipFile(io.BytesIO(client.get(path).content)) as archive:
            assert archive.namelist() == ["inner/config.json", "weights.safetensors"]


def test_a_bucket_that_is_away_is_a_problem_and_no_error_of_ours(services: Services) -> None:
    nowhere = replace(services, settings=Settings(artifacts_url="nowhere://secret"))
    with serving(nowhere) as address, httpx.Client(base_url=address, trust_env=False) as client:
        lease = running(client, services.store)
        services.store.leases.finish(lease, Status.SUCCEEDED, result={"artifact": "models/best"})
        answer = client.get(f"/v1/searches/{lease.search_id}/model")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
