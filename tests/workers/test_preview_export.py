"""A finalist leaves pictures of what its patch filter does, and is no worse where it cannot."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.architecture import PatchKeep, PatchMode
from models.batch import Split
from models.patch_filter import choose_patches
from models.patch_preview import FILE, MOST, PatchPreview, PreviewImage, picture_name
from models.registry import BackboneEntry
from models.shapes.dataset import ShapesData
from models.workload import TaskName
from search.contracts import Candidate, Failure, Fidelity
from search.space_spec import SpaceSpec
from tests.networks import TINY, TINY_METER
from tests.workers.specs import CPU, SMALL, alone, small_spec
from workers.preview_export import would_be_filter
from workers.scorer import Scorer, ScoringJob

KEPT = (1, 1, 0, 1, 1, 0)


def finalist(entry: BackboneEntry, artifacts: Path, *, space: dict[str, object], task: str = "vqa") -> ScoringJob:
    """A search whose finalist has gone through TEST."""
    spec = small_spec(task=task, space={**SMALL["space"], **space})  # type: ignore[dict-item] # the space is a mapping
    job = ScoringJob(spec, entry, artifacts)
    scorer = Scorer(job, device=CPU)
    for stage in (Fidelity.FINAL, Fidelity.TEST):
        outcome = alone(scorer, Candidate(0, KEPT, stage))
        assert not isinstance(outcome, Failure), outcome
    return job


def read(job: ScoringJob) -> PatchPreview:
    return PatchPreview.model_validate_json((job.preview_folder(KEPT) / FILE).read_bytes())


def chosen(image: PreviewImage, keep: PatchKeep) -> tuple[int, ...]:
    """By the numbers of the preview alone."""
    foreground = None if image.foreground is None else torch.tensor([image.foreground])
    scores, real = torch.tensor([image.scores]), torch.ones(1, len(image.scores), dtype=torch.bool)
    return tuple(choose_patches(real, keep=keep, scores=scores, foreground=foreground)[0].nonzero().flatten().tolist())


@pytest.mark.parametrize("mode", PatchMode)
def test_what_it_says_is_what_the_filter_does(tiny: BackboneEntry, artifacts: Path, mode: PatchMode) -> None:
    space = {"patch_ratios": [0.5], "patch_places": [1], "foreground": "saliency", "patch_mode": str(mode)}
    preview = read(finalist(tiny, artifacts, space=space))
    assert (preview.filtered, preview.foreground, preview.patch_size) == (True, "saliency", TINY.patch_size)
    assert preview.keep.model_dump() == {"ratio": 0.5, "after_block": 1, "mode": mode, "foreground": 0.7}
    assert len(preview.images) == MOST
    for image in preview.images:
        assert (image.rows, image.columns, len(image.kept)) == (6, 6, 18)
        assert image.kept == chosen(image, PatchKeep(0.5, 1, mode))
        assert (image.order is None) == (mode is not PatchMode.RANDOM)
    if mode is PatchMode.RANDOM:
        order = preview.images[0].order or ()
        assert sorted(sorted(range(36), key=lambda place: -order[place])[:18]) == list(preview.images[0].kept)


def test_the_pictures_are_those_of_the_data(tiny: BackboneEntry, artifacts: Path) -> None:
    job = finalist(tiny, artifacts, space={"patch_ratios": [0.5]})
    preview, first = read(job), ShapesData(TaskName.VQA).examples(Split.TEST, 1)
    with Image.open(job.preview_folder(KEPT) / picture_name(0)) as picture:
        levels = np.asarray(picture, dtype=np.float32) / 127.5 - 1
    assert np.abs(levels - first.pixel_values[0, 0].permute(1, 2, 0).numpy()).max() < 1 / 127
    asked = ShapesData(TaskName.VQA).drawn(Split.TEST, 1)[0].texts[0]
    assert preview.images[0].text == asked.removesuffix("?").strip()
    pictures = {(job.preview_folder(KEPT) / picture_name(number)).read_bytes() for number in range(MOST)}
    assert len(pictures) == len(preview.images) == MOST
    assert (preview.foreground, preview.images[0].foreground) == ("none", None)


def test_without_a_filter_it_says_what_one_would_see(tiny: BackboneEntry, artifacts: Path) -> None:
    preview = read(finalist(tiny, artifacts, space={"foreground": "saliency"}))
    assert not preview.filtered
    assert (preview.keep.ratio, preview.keep.after_block, preview.keep.mode) == (1.0, 2, PatchMode.IPF)
    assert preview.images[0].foreground is not None
    assert preview.images[0].kept == tuple(range(36))


@pytest.mark.parametrize("task", ["nlvr2", "retrieval"])
def test_of_tasks_with_several_images_or_texts(tiny: BackboneEntry, artifacts: Path, task: str) -> None:
    preview = read(finalist(tiny, artifacts, space={"patch_ratios": [0.5]}, task=task))
    assert len(preview.images) == MOST
    texts = [image.text for image in preview.images]
    assert all(texts)
    assert (texts[0] == texts[1]) == (task == "nlvr2")  # two images of one statement


def test_of_a_meter_whose_encoder_runs_ahead(tiny_meter: BackboneEntry, artifacts: Path) -> None:
    """Without a filter its images are read to the end of the encoder, where the filter would be."""
    job = ScoringJob(small_spec(), tiny_meter, artifacts)
    scorer = Scorer(job, device=CPU)
    genome = (1,) * len(scorer._bench.space.sizes)
    for stage in (Fidelity.FINAL, Fidelity.TEST):
        assert not isinstance(alone(scorer, Candidate(0, genome, stage)), Failure)
    preview = PatchPreview.model_validate_json((job.preview_folder(genome) / FILE).read_bytes())
    assert (preview.filtered, preview.keep.after_block) == (False, TINY_METER.vision_blocks)


def test_a_preview_that_cannot_be_written_harms_nobody(tiny: BackboneEntry, artifacts: Path) -> None:
    artifacts.mkdir()
    (artifacts / "patches").write_text("a file where a folder should be")
    job = finalist(tiny, artifacts, space={"patch_ratios": [0.5]})
    assert (job.model_folder(KEPT) / "model.safetensors").is_file()


@pytest.mark.parametrize(("places", "expected"), [((), 2), ((3, 1), 1)])
def test_where_a_filter_would_be(places: tuple[int, ...], expected: int) -> None:
    space = SpaceSpec(patch_ratios=(1.0, 0.5), patch_places=places)
    assert would_be_filter(space, TINY).after_block == expected
