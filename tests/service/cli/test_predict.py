"""`twinsieve predict` and `twinsieve pretrain`: networks on this machine, and what is said when one is none."""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from PIL import Image

from models.architecture import Architecture, PatchKeep
from models.batch import Split
from models.checkpoints import load_network
from models.foreground.boxes_file import write_boxes
from models.network import Network
from models.pixels import pixel_reading
from models.registry import BackboneRegistry
from models.shapes.report import TaskReport
from models.slim import export_slim
from models.student import Student
from models.weights import WEIGHTS
from models.workload import TaskName
from tests.networks import random_network
from tests.service.commands import Cli, assert_mistake

QUESTION = ("--question", "what color is the circle ?")


def model(folder: Path, task: TaskName, *, foreground: str = "none") -> Path:
    """A slim model of `task` with random weights; with a foreground, its patch filter goes by it."""
    network = random_network()
    pixels = pixel_reading("shapes", network.config)
    patches = None if foreground == "none" else PatchKeep(0.5, 1)
    architecture = Architecture(Architecture.full(network.config.sub_layers).choices, patches)
    student = Student(network, architecture, task, generator=torch.Generator().manual_seed(0))
    export_slim(folder, student, network=network, task=task, pixels=pixels, provenance={}, foreground=foreground)
    return folder


@pytest.fixture
def vqa(tmp_path: Path) -> Path:
    return model(tmp_path / "vqa", TaskName.VQA)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "red.png"
    Image.new("RGB", (60, 40), "red").save(file)
    return file


def test_the_likeliest_answers(cli: Cli, vqa: Path, picture: Path) -> None:
    done = cli("predict", vqa, "--image", picture, *QUESTION, "--top", 3)
    assert done.code == 0
    assert done.err == ""
    scores = [float(line.split()[-1]) for line in done.out.splitlines()[1:]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


def test_unknown_words_are_named_and_the_rest_is_answered(cli: Cli, vqa: Path, picture: Path) -> None:
    done = cli("predict", vqa, "--image", picture, "--question", "What color is the zebra [red] crocodile?")
    assert done.code == 0
    assert done.err == "warning: words this model does not know: zebra, crocodile\n"
    assert len(done.out.splitlines()) > 1


def test_a_question_that_is_too_long(cli: Cli, vqa: Path, picture: Path) -> None:
    assert_mistake(cli("predict", vqa, "--image", picture, "--question", "red " * 40), "at most 13")


def test_images_that_are_none(cli: Cli, vqa: Path, tmp_path: Path, picture: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "torn.png").write_bytes(picture.read_bytes()[: picture.stat().st_size // 2])
    for name in ("missing.png", "text.png", "torn.png", "."):
        assert_mistake(cli("predict", vqa, "--image", tmp_path / name, *QUESTION), str(tmp_path / name), "no picture")


def test_nlvr2_looks_at_two_images(cli: Cli, tmp_path: Path, picture: Path) -> None:
    folder, statement = model(tmp_path / "nlvr2", TaskName.NLVR2), ("--text", "both images show a circle")
    done = cli("predict", folder, "--image", picture, "--image", picture, *statement)
    assert done.code == 0
    assert {line.split()[0] for line in done.out.splitlines()[1:]} == {"true", "false"}
    assert_mistake(cli("predict", folder, "--image", picture, *statement), "2 image")


def test_vqa_looks_at_one_image_and_one_question(cli: Cli, vqa: Path, picture: Path) -> None:
    assert_mistake(cli("predict", vqa, "--image", picture, "--image", picture, *QUESTION), "1 image")
    assert_mistake(cli("predict", vqa, "--image", picture, *QUESTION, *QUESTION), "one text, not 2")


def test_retrieval_ranks_texts(cli: Cli, tmp_path: Path, picture: Path) -> None:
    folder = model(tmp_path / "retrieval", TaskName.RETRIEVAL)
    texts = ("--text", "a red circle", "--text", "a blue square")
    done = cli("predict", folder, "--image", picture, *texts)
    assert done.code == 0
    assert sum(float(line.split()[-1]) for line in done.out.splitlines()[1:]) == pytest.approx(1, abs=0.002)
    assert_mistake(cli("predict", folder, "--image", picture, "--text", "a red circle"), "--text at least twice")
    assert_mistake(cli("predict", folder, "--image", picture, "--image", picture, *texts), "one image")


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


def test_a_pickle_is_not_a_model_and_never_runs(cli: Cli, vqa: Path, picture: Path, tmp_path: Path) -> None:
    touched, pickled = tmp_path / "touched", pickle.dumps(Hostile(tmp_path / "touched"))
    (tmp_path / "model.ckpt").write_bytes(pickled)
    assert_mistake(cli("predict", tmp_path / "model.ckpt", "--image", picture, *QUESTION), "no folder", "export")
    (vqa / WEIGHTS).write_bytes(pickled)
    assert_mistake(cli("predict", vqa, "--image", picture, *QUESTION), f"vqa/{WEIGHTS} is torn or no safetensors file")
    (vqa / WEIGHTS).rename(vqa / "pytorch_model.bin")
    assert_mistake(cli("predict", vqa, "--image", picture, *QUESTION), "a pickle is not read")
    assert not touched.exists()
    pickle.loads(pickled)
    assert touched.exists()  # it would have shown


def test_a_folder_that_is_no_model(cli: Cli, tmp_path: Path, picture: Path) -> None:
    (tmp_path / "config.json").write_text("torn {")
    assert_mistake(cli("predict", tmp_path, "--image", picture, *QUESTION), "config.json is torn")
    assert_mistake(cli("predict", tmp_path / "none", "--image", picture, *QUESTION), "no folder")


def test_a_backbone_is_pretrained_and_registered(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The accuracies, which take minutes, are measured elsewhere; everything else is the command's own."""
    judged = list[Mapping[TaskName, int] | None]()

    def report(_: Network, __: Split, *, counts: Mapping[TaskName, int] | None) -> dict[TaskName, TaskReport]:
        judged.append(counts)
        return {TaskName.VQA: TaskReport(examples=1, accuracy=0.5, chance=0.1, majority=0.2, text_only=0.3)}

    monkeypatch.setattr("models.shapes.pretrain.report_world", report)
    done = cli("pretrain", "shapes", tmp_path / "mine", "--steps", 2, "--judged", 8)
    assert done.code == 0, done.err
    assert str(tmp_path / "mine") in done.out
    assert judged == [dict.fromkeys(TaskName, 8)] * 2
    assert len(load_network(BackboneRegistry(tmp_path).get("mine").path).config.sub_layers) == 24
    provenance = json.loads((tmp_path / "mine" / "config.json").read_text())["provenance"]
    assert provenance["recipe"]["steps"] == 2
    assert_mistake(cli("pretrain", "shapes", tmp_path / "mine", "--steps", 3), "run of the recipe")


def test_a_patch_filter_that_asks_for_foreground(
    cli: Cli, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saliency looks at any picture; boxes found once are of other pictures, and only their user may do without."""
    ask = ("--image", picture, *QUESTION)
    assert cli("predict", model(tmp_path / "saliency", TaskName.VQA, foreground="saliency"), *ask).code == 0
    folder = model(tmp_path / "boxes", TaskName.VQA, foreground="found")
    assert_mistake(cli("predict", folder, *ask), "no foreground 'found' here", "--fallback")
    (tmp_path / "foregrounds" / "found").mkdir(parents=True)
    write_boxes(tmp_path / "foregrounds" / "found" / "boxes.json", {"other": []})
    monkeypatch.setenv("TWINSIEVE_FOREGROUNDS", str(tmp_path / "foregrounds"))
    assert_mistake(cli("predict", folder, *ask), "image 'the given picture' is not among the 1 of boxes.json")
    assert cli("predict", folder, *ask, "--fallback").code == 0
