"""Real data from raw files to the exported model, for both kinds of backbone."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from torch import nn

from models.batch import Batch, Split
from models.checkpoints import save_network
from models.data.folders import DataFolders
from models.data.real import SplitChoice
from models.data.splits import DataSplits
from models.datasets import open_data
from models.folders import Folders
from models.head_answers import data_answers
from models.heads import TASKS
from models.inputs import NOTHING
from models.meter_config import MeterConfig
from models.network import Network
from models.pixels import Frame, PixelReading
from models.registry import BackboneEntry, read_entry
from models.scores.examples import NoHeadError
from models.slim import load_slim
from models.vilt_config import ViltConfig
from models.workload import TaskName
from search.build import build_space, check_spec
from search.contracts import Candidate, Failure, Fidelity, Measurement
from search.spec import SearchSpec, SpecError
from tests.models.data import raw_world
from tests.networks import TINY, TINY_METER, random_network
from tests.workers.specs import CPU, SMALL, alone, small_spec, without_time
from workers import examples
from workers.opening import real_reading
from workers.scorer import Scorer, ScoringJob

GENOME = (1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1)
STAGES = (Fidelity.PROXY, Fidelity.FINAL, Fidelity.TEST, Fidelity.PLAIN)
QUESTION = "3 4"


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    root = tmp_path_factory.mktemp("data")
    raw_world.write_vqa(root / "vqa", {"train": 30, "val": 8})
    raw_world.write_nlvr2(root / "nlvr2", raw_world.NLVR2_SIZES)
    raw_world.write_captions(root / "f30k", raw_world.CAPTION_SIZES)
    return Folders(data=root)


def backbone(
    folder: Path, config: ViltConfig | MeterConfig = TINY_METER, *, answers: tuple[str, ...] = ()
) -> BackboneEntry:
    """A random backbone with the tokenizer of the raw world, and a VQA head only where it has answers."""
    file = folder.parent / f"{folder.name}.json"
    raw_world.reading().tokenizer.save(str(file))
    network = random_network(config)
    heads = nn.ModuleDict({"itm": network.heads["itm"]})
    if answers:
        heads["vqa"] = TASKS[TaskName.VQA].head(config, len(answers)).requires_grad_(False)
    network = replace(network, heads=heads, answers=answers, tokenizer=file)
    save_network(folder, network, provenance={})
    return read_entry(folder.name, folder)


def spec_for(task: TaskName, **changes: object) -> SearchSpec:
    name = {TaskName.VQA: "vqa", TaskName.NLVR2: "nlvr2", TaskName.RETRIEVAL: "f30k"}[task]
    proxy = {"steps": 3, "batch_size": 4, "fitness_examples": 6}
    return small_spec(**({"task": task, "data": name, "proxy": proxy} | changes))


def measured(scorer: Scorer, fidelity: Fidelity, genome: tuple[int, ...]) -> Measurement:
    outcome = alone(scorer, Candidate(0, genome, fidelity))
    assert not isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize("config", [TINY_METER, TINY], ids=["meter", "vilt"])
@pytest.mark.parametrize("task", TaskName)
def test_from_raw_files_to_the_exported_model(
    tmp_path: Path, folders: Folders, config: ViltConfig | MeterConfig, task: TaskName
) -> None:
    entry = backbone(tmp_path / "tiny", config)
    spec = spec_for(task, space={**SMALL["space"], "patch_ratios": [0.5]})  # type: ignore[dict-item]
    check_spec(spec, entry, folders)
    space = build_space(spec, entry, folders)
    genome = GENOME[: len(space.layers)]
    job = ScoringJob(spec, entry, tmp_path / "artifacts", folders)
    one = Scorer(job, device=CPU)
    proxy, final, test, plain = (measured(one, stage, genome) for stage in STAGES)
    assert proxy["macs"] == final["macs"] == test["macs"] == space.macs(genome) < plain["macs"]
    other = Scorer(job, device=CPU)  # another worker, which reads the split file of the first
    assert without_time(measured(other, Fidelity.PROXY, genome)) == without_time(proxy)

    model = load_slim(job.model_folder(genome))
    assert model.pixels == PixelReading.of(Frame.METER if config is TINY_METER else Frame.VILT, 48)
    total = sum(p.numel() for part in (model.backbone, model.carried, model.head) for p in part.parameters())
    assert total == test["parameters"]
    reading = real_reading(
        Network(model.backbone, nn.ModuleDict(), model.answers, entry.path / "tokenizer.json"), one._bench.pixels
    )
    data = open_data(
        spec.data, task, folders=DataFolders(folders.data), reading=reading, choice=SplitChoice(file=job.splits_file)
    )
    batch = data.examples(Split.TEST)
    assert TASKS[task].scores(model.logits(batch), batch.targets).mean().item() == pytest.approx(test["accuracy"])


def test_an_answer_is_read_as_the_fine_tune_read(tmp_path: Path, folders: Folders) -> None:
    """A picture of the test split, given as a file, gets the scores that its example gets."""
    assert folders.data is not None
    entry, spec = backbone(tmp_path / "tiny"), spec_for(TaskName.VQA)
    job = ScoringJob(spec, entry, tmp_path / "artifacts", folders)
    scorer = Scorer(job, device=CPU)
    measured(scorer, Fidelity.FINAL, GENOME)
    measured(scorer, Fidelity.TEST, GENOME)
    model = load_slim(job.model_folder(GENOME))
    assert set(model.answers) == set(data_answers(folders.data / "vqa"))
    batch = scorer._bench.data.examples(Split.TEST, 1)
    name = scorer._bench.data.names(Split.TEST, 1)[0]  # type: ignore[attr-defined] # a question's id, see `raw_world`
    (file,) = (folders.data / "vqa" / "val2014").glob(f"*{int(name) // 100:012d}.jpg")
    text = f"{int(name) // 100 % 7} {name}"
    with Image.open(file) as image:
        scores = dict(model.answer(image, text))
    expected = dict(zip(model.answers, model.logits(batch)[0].sigmoid().tolist(), strict=True))
    assert scores == pytest.approx(expected, abs=1e-5)


def test_the_splits_of_a_search_are_the_same_for_all_who_come_at_once(tmp_path: Path, folders: Folders) -> None:
    entry = backbone(tmp_path / "tiny")
    job = ScoringJob(spec_for(TaskName.VQA), entry, tmp_path / "artifacts", folders)
    found: list[dict[str, float]] = []

    def score() -> None:
        found.append(without_time(measured(Scorer(job, device=CPU), Fidelity.PROXY, GENOME)))

    threads = [threading.Thread(target=score) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == found[0] for each in found)
    groups = DataSplits.read(job.splits_file).groups
    images = [group for members in groups.values() for group in members]
    assert len(set(images)) == len(images) == 38
    assert list(job.splits_file.parent.iterdir()) == [job.splits_file]  # nothing half-written is left


def test_a_backbone_that_knows_the_answers_keeps_its_head(tmp_path: Path, folders: Folders) -> None:
    assert folders.data is not None
    known = (*reversed(data_answers(folders.data / "vqa")), "zebra")
    entry, spec = backbone(tmp_path / "tiny", answers=known), spec_for(TaskName.VQA)
    scorer = Scorer(ScoringJob(spec, entry, tmp_path / "artifacts", folders), device=CPU)
    assert scorer._bench.network.answers == tuple(scorer._bench.data.answers) == known
    assert scorer._bench.network.head(TaskName.VQA) is scorer._bench.network.heads["vqa"]
    with_new = backbone(tmp_path / "new", answers=("zebra",))
    vocabulary = data_answers(folders.data / "vqa")
    assert build_space(spec, entry, folders).macs(GENOME) - build_space(spec, with_new, folders).macs(GENOME) == (
        (len(known) - len(vocabulary)) * 2 * TINY_METER.hidden_size
    )
    other = Scorer(ScoringJob(spec, with_new, tmp_path / "other", folders), device=CPU)
    assert tuple(other._bench.data.answers) == vocabulary


def test_a_head_whose_order_nobody_knows_is_refused(tmp_path: Path, folders: Folders) -> None:
    labels = tuple(map(str, range(9)))
    entry, spec = backbone(tmp_path / "tiny", answers=labels), spec_for(TaskName.VQA)
    with pytest.raises(SpecError, match="data: the VQA head of backbone 'tiny' has 9 answers without names"):
        check_spec(spec, entry, folders)
    with pytest.raises(ValueError, match="put the answers, in the head's order, into `answers`"):
        Scorer(ScoringJob(spec, entry, tmp_path / "artifacts", folders), device=CPU)


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def more_words(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"] |= {f"word{number}": 39 + number for number in range(100)}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (no_tokenizer, "no tokenizer.json"),
        (more_words, "tokenizer.json has 139 tokens and pads with 0; the network knows"),
    ],
)
def test_texts_need_the_backbones_own_tokenizer(
    tmp_path: Path, folders: Folders, damage: Callable[[Path], None], expected: str
) -> None:
    entry = backbone(tmp_path / "tiny")
    damage(entry.path)
    with pytest.raises(ValueError, match=expected):
        Scorer(ScoringJob(spec_for(TaskName.VQA), entry, tmp_path / "artifacts", folders), device=CPU)


def test_padding_is_the_networks_own(tmp_path: Path, folders: Folders) -> None:
    entry = backbone(tmp_path / "tiny", replace(TINY, pad_id=1))
    with pytest.raises(ValueError, match=r"pads with 0; the network knows .* pads with 1"):
        Scorer(ScoringJob(spec_for(TaskName.VQA), entry, tmp_path / "artifacts", folders), device=CPU)


def test_data_that_is_not_there(tmp_path: Path, folders: Folders) -> None:
    entry = backbone(tmp_path / "tiny")
    with pytest.raises(
        SpecError, match="no data set 'coco'; registered: shapes, shapes-small, shapes-tiny, f30k, nlvr2, vqa"
    ):
        check_spec(spec_for(TaskName.VQA, data="coco"), entry, folders)
    with pytest.raises(SpecError, match="has no data for vqa"):
        check_spec(spec_for(TaskName.VQA, data="nlvr2"), entry, folders)
    with pytest.raises(SpecError, match="no data set 'vqa'; registered: shapes, shapes-small, shapes-tiny"):
        check_spec(spec_for(TaskName.VQA), entry)


def test_a_damaged_picture_is_a_failure_that_names_it(tmp_path: Path) -> None:
    """Found only where it is used: on the validation split."""
    raw_world.write_vqa(tmp_path / "data" / "vqa", {"train": 30, "val": 8})
    entry, spec = backbone(tmp_path / "tiny"), spec_for(TaskName.VQA)
    scorer = Scorer(ScoringJob(spec, entry, tmp_path / "artifacts", Folders(data=tmp_path / "data")), device=CPU)
    for file in (tmp_path / "data" / "vqa" / "val2014").iterdir():
        file.write_bytes(file.read_bytes()[:200])
    measured(scorer, Fidelity.PROXY, GENOME)
    outcome = alone(scorer, Candidate(1, GENOME, Fidelity.FINAL))
    assert isinstance(outcome, Failure)
    assert "an example of the final stage cannot be used: image" in outcome.reason
    assert "COCO_val2014_" in outcome.reason


def test_bad_examples_are_skipped_and_counted_where_the_search_says_so(tmp_path: Path) -> None:
    raw_world.write_vqa(tmp_path / "data" / "vqa", {"train": 30, "val": 8})
    entry, spec = backbone(tmp_path / "tiny"), spec_for(TaskName.VQA, bad_examples="skip")
    job = ScoringJob(spec, entry, tmp_path / "artifacts", Folders(data=tmp_path / "data"))
    scorer = Scorer(job, device=CPU)
    (name,) = scorer._bench.data.names(Split.TEST, 1)  # type: ignore[attr-defined] # a question's id, see `raw_world`
    (file,) = (tmp_path / "data" / "vqa" / "val2014").glob(f"*{int(name) // 100:012d}.jpg")
    file.write_bytes(file.read_bytes()[:200])
    measured(scorer, Fidelity.FINAL, GENOME)
    bad = sum(int(each) // 100 == int(name) // 100 for each in scorer._bench.data.names(Split.TEST))  # type: ignore[attr-defined] # likewise
    for stage in (Fidelity.TEST, Fidelity.PLAIN):
        assert measured(scorer, stage, GENOME)["skipped_examples"] == bad


def test_a_score_is_not_asked_of_a_head_drawn_at_random(tmp_path: Path, folders: Folders) -> None:
    """Where the folder does not list its heads, so that the spec passes, the worker refuses."""
    entry = replace(backbone(tmp_path / "tiny"), heads=None)
    spec = spec_for(TaskName.NLVR2, algorithm={"name": "ranked", "score": "spt"})
    check_spec(spec, entry, folders)
    with pytest.raises(NoHeadError, match="the head for nlvr2 is new, as no own one fits the data"):
        Scorer(ScoringJob(spec, entry, tmp_path / "artifacts", folders), device=CPU)
    listed = read_entry(entry.name, entry.path)
    assert listed.heads == ("itm",)
    with pytest.raises(SpecError, match="score 'spt' asks a trained head for nlvr2"):
        check_spec(spec, listed, folders)


def test_pictures_padded_to_the_largest_of_them_count_as_large(
    tmp_path: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A split of which the first picture alone does not tell that it is too large to hold."""
    data = open_data("vqa", TaskName.VQA, folders=DataFolders(folders.data), reading=raw_world.reading())
    first = data.examples(Split.TRAIN, 1).pixel_values.nbytes
    monkeypatch.setattr(examples, "HELD_BYTES", 9 * first)
    backbone = random_network(replace(TINY, image_size=32)).backbone
    place: dict[str, Any] = {"prefix": NOTHING, "device": CPU}
    held = examples.Examples.of(backbone, data, Split.TRAIN, 9, longest=32, **place)
    assert isinstance(held.batch, Batch)
    streamed = examples.Examples.of(backbone, data, Split.TRAIN, 9, longest=64, **place)
    assert isinstance(streamed.batch, examples.Streamed)
    assert held.nbytes > held.batch.pixel_values.nbytes > streamed.nbytes == 0


def test_a_split_too_large_to_hold_is_streamed_to_the_same_result(
    tmp_path: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = backbone(tmp_path / "tiny")
    space = {**SMALL["space"], "patch_ratios": [0.5], "foreground": "saliency"}  # type: ignore[dict-item]
    spec = spec_for(TaskName.VQA, space=space)
    outcomes = []
    for held in (examples.HELD_BYTES, 0):
        monkeypatch.setattr(examples, "HELD_BYTES", held)
        scorer = Scorer(ScoringJob(spec, entry, tmp_path / str(held), folders), device=CPU)
        assert all(isinstance(each.batch, examples.Streamed) is (held == 0) for each in scorer._bench._splits.values())
        outcomes.append([without_time(measured(scorer, stage, GENOME)) for stage in STAGES])
    assert outcomes[0] == outcomes[1]
    assert 0 <= outcomes[0][0]["foreground_fallbacks"] <= 1
