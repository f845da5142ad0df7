"""Models on their way into a folder: whole, or not at all, and nothing beside it."""

import io
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from service.api.services import Services
from tests.service.asking import SPEC
from tests.twinsieve.made import WEIGHTS, succeeded
from twinsieve.client import Client
from twinsieve.errors import ConflictError, DownloadError
from twinsieve.model_archive import arriving, unpack


class TestDownload:
    def test_a_model(self, client: Client, services: Services, tmp_path: Path) -> None:
        search, here = client.submit(SPEC), list[int]()
        with pytest.raises(ConflictError, match="has status queued"):
            search.download(tmp_path / "early")
        succeeded(services)
        folder = search.download(tmp_path / "out" / "model", told=here.append)
        assert folder == tmp_path / "out" / "model"
        assert (folder / "weights.safetensors").read_bytes() == WEIGHTS
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["model"]
        assert here == sorted(here)
        assert here[-1] > len(WEIGHTS)
        assert not (tmp_path / "early").exists()

    def test_nothing_is_overwritten(self, client: Client, services: Services, tmp_path: Path) -> None:
        search = client.submit(SPEC)
        succeeded(services)
        with pytest.raises(DownloadError, match="exists; give a folder that does not"):
            search.download(str(tmp_path))

    def test_a_folder_that_cannot_be_written(self, client: Client, services: Services, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        search = client.submit(SPEC)
        succeeded(services)
        with pytest.raises(DownloadError, match="model cannot be written: Not a directory"):
            search.download(tmp_path / "file" / "below" / "model")


def test_what_fails_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with arriving(tmp_path / "model") as arrival:
            arrival.archive.write_bytes(b"half of it")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "a\\..\\out", "C:out", "folder/", ".", "./."])
def test_an_archive_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(zipfile.ZipInfo(name), b"")
    with pytest.raises(DownloadError, match="no plain file"):
        unpack(archive, tmp_path / "inner" / "model")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["model.zip"]


def test_an_archive_makes_no_links(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as opened:
        opened.writestr(entry, "/etc/passwd")
    with pytest.raises(DownloadError, match="link"):
        unpack(tmp_path / "model.zip", tmp_path / "model")


def test_an_archive_that_was_cut_off(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("weights", b"1" * 1000)
    (tmp_path / "model.zip").write_bytes(buffer.getvalue()[:500])
    with pytest.raises(DownloadError, match="cut off"):
        unpack(tmp_path / "model.zip", tmp_path / "model")


def archived(*names: str, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as opened:
        warnings.simplefilter("ignore")  # of zipfile, about a name that comes twice
        for name in names:
            opened.writestr(name, b"weights" * 20)
    return buffer.getvalue()


def patched(content: bytes, *, local: int, central: int, value: int) -> bytes:
    """The archive of one file with a number of two bytes changed in both of its headers (APPNOTE 4.3.7 and 4.3.12)."""
    changed, number = bytearray(content), value.to_bytes(2, "little")
    for start in (local, content.index(b"PK\x01\x02") + central):
        changed[start : start + 2] = number
    return bytes(changed)


DAMAGED = {
    "nothing in it": archived(),
    "an entry twice": archived("a", "a"),
    "a file that is a folder": archived("a", "a/b"),
    "a file that is a folder of folders": archived("a", "a/b/c"),
    "a folder that is a file": archived("a/b", "a"),
    "compressed": archived("a", method=zipfile.ZIP_DEFLATED),
    "of a method that nobody knows": patched(archived("a"), local=8, central=10, value=77),
    "encrypted": patched(archived("a"), local=6, central=8, value=1),
    "other bytes": archived("a").replace(b"weightsweights", b"weighedweighed"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_archive_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    def arrive() -> None:
        with arriving(tmp_path / "model") as arrival:
            arrival.archive.write_bytes(content)
            arrival.finish()

    with pytest.raises(DownloadError, match=r"try again$"):
        arrive()
    assert list(tmp_path.iterdir()) == []
