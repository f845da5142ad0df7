"""A search whose patch filter asks a foreground provider: what it costs, how often it falls back, how it answers."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from models.batch import Split
from models.folders import Folders
from models.foreground.boxes_file import write_boxes
from models.foreground.cost import ForegroundCost, write_cost
from models.foreground.coverage import BoxForeground
from models.foreground.detector import Detector
from models.foreground.look import Look
from models.foreground.provider import Box, ForegroundError
from models.foreground.saliency import Saliency
from models.foreground.shapes_truth import true_boxes
from models.pixels import Frame
from models.registry import BackboneEntry
from models.shapes.dataset import ShapesData
from models.shapes.render import render
from models.slim import load_slim
from models.workload import TaskName
from search.build import build_space
from search.contracts import Candidate, Failure, Fidelity, Measurement
from search.spec import SearchSpec
from tests.models.foreground.test_detector import yolos
from tests.workers.specs import CPU, SMALL, alone, small_spec
from workers.opening import open_search
from workers.scorer import Scorer, ScoringJob

MACS, PARAMETERS, MILLISECONDS = 1_000_000, 5000, 7000.0
KEPT = (1, 1, 0, 1, 1, 0)
SPLITS = (Split.TRAIN, Split.FITNESS, Split.VALIDATION, Split.TEST)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """True boxes of the embedded world, at a made-up cost and time."""
    root = tmp_path_factory.mktemp("foregrounds")
    for task in (TaskName.VQA, TaskName.NLVR2):
        data = ShapesData(task)
        small = ((split, min(data.sizes[split] // 8, 512)) for split in SPLITS)
        boxes = {name: found for split, count in small for name, found in true_boxes(data, split, count)}
        (root / f"true-{task}").mkdir()
        file = root / f"true-{task}" / "boxes.json"
        write_boxes(file, boxes, macs=MACS, parameters=PARAMETERS, milliseconds=MILLISECONDS)
    return Folders(foregrounds=root)


def ipf(foreground: str, **changes: object) -> SearchSpec:
    space = {**SMALL["space"], "patch_ratios": [0.5], "foreground": foreground}  # type: ignore[dict-item]
    return small_spec(space=space, **changes)


def measured(scorer: Scorer, fidelity: Fidelity, genome: tuple[int, ...] = KEPT) -> Measurement:
    outcome = alone(scorer, Candidate(0, genome, fidelity))
    assert not isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize("task", [TaskName.VQA, TaskName.NLVR2])
def test_the_provider_is_part_of_what_is_measured(
    tiny: BackboneEntry, artifacts: Path, folders: Folders, task: TaskName
) -> None:
    spec = ipf(f"true-{task}", task=task)
    scorer = Scorer(ScoringJob(spec, tiny, artifacts, folders), device=CPU)
    blind = Scorer(ScoringJob(small_spec(task=task, space=_score_only()), tiny, artifacts / "blind"), device=CPU)
    proxy, without = measured(scorer, Fidelity.PROXY), measured(blind, Fidelity.PROXY)
    images = 2 if task is TaskName.NLVR2 else 1
    assert proxy["macs"] == without["macs"] + images * MACS == build_space(spec, tiny, folders).macs(KEPT)
    assert proxy["parameters"] == without["parameters"] + PARAMETERS
    assert proxy["trainable_parameters"] == without["trainable_parameters"]
    assert 0 <= proxy["foreground_fallbacks"] < 1
    assert "foreground_fallbacks" not in without
    measured(scorer, Fidelity.FINAL)
    test = measured(scorer, Fidelity.TEST)
    assert test["foreground_ms"] == MILLISECONDS
    assert test["latency_p90_ms"] >= test["latency_ms"] > images * MILLISECONDS
    plain = measured(scorer, Fidelity.PLAIN)  # it looks at every patch, so nobody is asked
    assert {"foreground_ms", "foreground_fallbacks"} & set(plain) == set()


def test_cached_boxes_that_do_not_say_how_long_they_took_have_no_time(tiny: BackboneEntry, tmp_path: Path) -> None:
    data = ShapesData(TaskName.VQA)
    boxes = {name: found for split in SPLITS for name, found in true_boxes(data, split, min(data.sizes[split], 512))}
    (tmp_path / "silent").mkdir()
    write_boxes(tmp_path / "silent" / "boxes.json", boxes)
    job = ScoringJob(ipf("silent"), tiny, tmp_path / "artifacts", Folders(foregrounds=tmp_path))
    scorer = Scorer(job, device=CPU)
    measured(scorer, Fidelity.FINAL)
    test = measured(scorer, Fidelity.TEST)
    assert "foreground_ms" not in test
    assert test["latency_ms"] > 0


def test_the_detector_runs_on_the_workers_device(tiny: BackboneEntry, tmp_path: Path) -> None:
    yolos(tmp_path / "yolos")
    device = torch.device("meta")  # where nothing is computed, which tells it from the default
    folders = Folders(foregrounds=tmp_path)
    opened = open_search(ipf("yolos"), tiny, folders, splits=tmp_path / "splits.json", device=device)
    assert opened.look is not None
    assert isinstance(opened.look.provider, BoxForeground)
    assert isinstance(opened.look.provider.source, Detector)
    assert next(opened.look.provider.source._model.parameters()).device == device


def _score_only() -> dict[str, object]:
    return {**SMALL["space"], "patch_ratios": [0.5]}  # type: ignore[dict-item]


def test_boxes_of_nothing_or_everything_leave_it_to_the_scores(tiny: BackboneEntry, tmp_path: Path) -> None:
    """The same accuracy as without a provider, and every image has fallen back."""
    empty: dict[str, list[Box]] = {name: [] for name, _ in _boxes()}
    whole = {name: [Box(0, 0, 48, 48)] for name in empty}
    results = []
    for name, boxes in (("empty", empty), ("whole", whole)):
        (tmp_path / name).mkdir()
        write_boxes(tmp_path / name / "boxes.json", boxes)
        job = ScoringJob(ipf(name), tiny, tmp_path / "artifacts", Folders(foregrounds=tmp_path))
        results.append(measured(Scorer(job, device=CPU), Fidelity.PROXY))
    alone = Scorer(ScoringJob(small_spec(space=_score_only()), tiny, tmp_path / "alone"), device=CPU)
    expected = measured(alone, Fidelity.PROXY)["accuracy"]
    assert [each["foreground_fallbacks"] for each in results] == [1.0, 1.0]
    assert [each["accuracy"] for each in results] == [expected, expected]


def _boxes() -> list[tuple[str, object]]:
    data = ShapesData(TaskName.VQA)
    return [image for split in SPLITS for image in true_boxes(data, split, 128)]


def test_the_share_that_falls_back_is_that_of_the_images(tiny: BackboneEntry, tmp_path: Path) -> None:
    """Every fourth image of the fitness split has boxes over its upper half, the others have none."""
    names = [name for several in ShapesData(TaskName.VQA).image_ids(Split.FITNESS, 64) for name in several]
    boxes: dict[str, list[Box]] = {name: [] for name, _ in _boxes()}
    boxes |= {name: [Box(0, 0, 48, 24)] for name in names[::4]}
    (tmp_path / "quarter").mkdir()
    write_boxes(tmp_path / "quarter" / "boxes.json", boxes)
    job = ScoringJob(ipf("quarter"), tiny, tmp_path / "artifacts", Folders(foregrounds=tmp_path))
    assert measured(Scorer(job, device=CPU), Fidelity.PROXY)["foreground_fallbacks"] == pytest.approx(0.75)


def test_an_image_without_boxes_is_a_failure_that_names_it(tiny: BackboneEntry, tmp_path: Path) -> None:
    """Boxes for what a search looks at first, and for nothing else."""
    data = ShapesData(TaskName.VQA)
    first = {name: boxes for split in SPLITS[:2] for name, boxes in true_boxes(data, split, 128)}
    (tmp_path / "some").mkdir()
    write_boxes(tmp_path / "some" / "boxes.json", first)
    scorer = Scorer(ScoringJob(ipf("some"), tiny, tmp_path / "artifacts", Folders(foregrounds=tmp_path)), device=CPU)
    measured(scorer, Fidelity.PROXY)
    outcome = alone(scorer, Candidate(1, KEPT, Fidelity.FINAL))
    assert isinstance(outcome, Failure)
    assert "image 'shapes/0/vqa/validation/0/0' is not among the" in outcome.reason


def test_a_detector_without_its_cost_is_not_used(tiny: BackboneEntry, tmp_path: Path) -> None:
    yolos(tmp_path / "yolos")
    job = ScoringJob(ipf("yolos"), tiny, tmp_path / "artifacts", Folders(foregrounds=tmp_path))
    with pytest.raises(ValueError, match="twinsieve patches cost yolos"):
        Scorer(job, device=CPU)
    write_cost(tmp_path / "yolos", ForegroundCost(MACS, PARAMETERS), height=48, width=48)
    proxy = {"steps": 1, "batch_size": 4, "fitness_examples": 8}
    small = Scorer(ScoringJob(ipf("yolos", proxy=proxy), tiny, job.artifacts, job.folders), device=CPU)
    assert measured(small, Fidelity.PROXY)["foreground_fallbacks"] <= 1


def test_the_exported_model_looks_itself(tiny: BackboneEntry, artifacts: Path) -> None:
    """A slim model with saliency gives the tested accuracy on the test split's own pictures."""
    spec = ipf("saliency")
    scorer = Scorer(ScoringJob(spec, tiny, artifacts), device=CPU)
    measured(scorer, Fidelity.FINAL)
    tested = measured(scorer, Fidelity.TEST)
    model = load_slim(ScoringJob(spec, tiny, artifacts).model_folder(KEPT))
    assert (model.foreground, model.pixels.frame) == ("saliency", Frame.SQUARE)
    seeing = ShapesData(TaskName.VQA, sizes={Split.TEST: 512}, look=Look(Saliency(), 8)).examples(Split.TEST)
    right = seeing.targets.gather(1, model.logits(seeing).argmax(1, keepdim=True)).mean().item()
    assert right == pytest.approx(tested["accuracy"])
    drawn = ShapesData(TaskName.VQA).drawn(Split.TEST, 8)
    for row, example in enumerate(drawn):
        image = Image.fromarray(render(example.scenes[0]))
        scores = dict(model.answer(image, example.texts[0]))
        expected = model.logits(seeing.rows(slice(row, row + 1)))[0].sigmoid()
        assert scores == pytest.approx(dict(zip(model.answers, expected.tolist(), strict=True)), abs=1e-5)


def test_an_exported_model_of_cached_boxes_says_what_it_lacks(
    tiny: BackboneEntry, artifacts: Path, folders: Folders
) -> None:
    spec = ipf("true-vqa")
    job = ScoringJob(spec, tiny, artifacts, folders)
    scorer = Scorer(job, device=CPU)
    measured(scorer, Fidelity.FINAL)
    measured(scorer, Fidelity.TEST)
    image, question = Image.new("RGB", (60, 40), "red"), "what color is the circle ?"
    for foregrounds, expected in (
        (None, "no foreground 'true-vqa' here: load the model with its folder of them"),
        (folders.foregrounds, "image 'the given picture' is not among the"),
    ):
        model = load_slim(job.model_folder(KEPT), foregrounds)
        with pytest.raises(ForegroundError, match=expected):
            model.answer(image, question)
        assert torch.tensor([score for _, score in model.answer(image, question, fallback=True)]).gt(0).all()
    with pytest.raises(ForegroundError, match="registered: none, saliency"):
        load_slim(job.model_folder(KEPT), artifacts)
