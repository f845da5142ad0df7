"""The real-size benchmark at tiny sizes: its data and backbones are real ones to everything that reads them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from benchmarks import real_search as search_module
from benchmarks import real_size
from benchmarks.random_backbone import random_backbone, word_tokenizer
from benchmarks.random_vqa import ANSWERS, QUESTIONS, random_vqa
from benchmarks.real_search import FULL, SMOKE, Scale, device_name, peak_memory, real_search, real_spec
from benchmarks.real_size import CONFIGS, LINES, gains, in_own_process, scale_for, table
from models.architecture import Architecture
from models.batch import Split
from models.checkpoints import load_network
from models.cost import cost_model
from models.folders import Folders
from models.head_answers import data_answers
from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig
from search.contracts import Candidate, Fidelity, Outcome
from search.precision import Precision
from tests.networks import TINY, TINY_METER
from workers.opening import open_search
from workers.scorer import ScoringJob

HEAD = (*ANSWERS, "unused")
TINY_SCALE = Scale(images=40, candidates=4, population=4, steps=1, batch=2, fitness=4, finals=True)
ROBERTA_LIKE = replace(TINY_METER, pad_id=1, max_positions=16)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    root = tmp_path_factory.mktemp("data")
    random_vqa(root / "vqav2", images=TINY_SCALE.images)
    return Folders(data=root)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_every_answer_of_the_generated_data_is_in_its_vocabulary(folders: Folders) -> None:
    assert folders.data is not None
    assert set(data_answers(folders.data / "vqav2")) == set(ANSWERS)
    with pytest.raises(ValueError, match="39 images"):
        random_vqa(folders.data / "too-few", images=39)
    assert not (folders.data / "too-few").exists()


def test_the_same_seed_makes_the_same_data_and_what_is_there_stays(folders: Folders, tmp_path: Path) -> None:
    assert folders.data is not None
    again = random_vqa(tmp_path / "again", images=TINY_SCALE.images)
    for file in sorted((folders.data / "vqav2").rglob("*.*")):
        assert (again / file.relative_to(folders.data / "vqav2")).read_bytes() == file.read_bytes()
    (again / "mine").touch()
    assert (random_vqa(again, images=80) / "mine").is_file()


@pytest.mark.parametrize("pad_id", [0, 1])
def test_the_tokenizer_knows_every_question_and_pads_as_the_backbone(pad_id: int) -> None:
    tokenizer: Tokenizer = word_tokenizer(pad_id, QUESTIONS)
    assert tokenizer.token_to_id("<pad>" if pad_id else "[PAD]") == pad_id
    unknown = tokenizer.token_to_id("<unk>" if pad_id else "[UNK]")
    for question in QUESTIONS:
        encoded = tokenizer.encode(question.upper())
        assert unknown not in encoded.ids
        assert pad_id not in encoded.ids
        assert encoded.tokens[0] in ("<s>", "[CLS]")
        assert encoded.tokens[-1] in ("</s>", "[SEP]")


@pytest.mark.parametrize("config", [TINY, ROBERTA_LIKE], ids=["vilt", "meter"])
def test_a_random_backbone_is_made_once_and_anew_for_other_sizes(
    config: ViltConfig | MeterConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "random"
    entry = random_backbone(folder, config, answers=HEAD, texts=QUESTIONS)
    stamp = (folder / "model.safetensors").stat().st_mtime_ns
    assert random_backbone(folder, config, answers=HEAD, texts=QUESTIONS) == entry
    assert (folder / "model.safetensors").stat().st_mtime_ns == stamp
    network = load_network(folder)
    assert network.answers == HEAD
    for name, parameter in network.backbone.named_parameters():
        assert parameter.isfinite().all(), name
        assert name.endswith("bias") == (not parameter.any()), name
    longer = random_backbone(folder, config, answers=(*HEAD, "another"), texts=QUESTIONS)
    assert len(longer.answers) == len(HEAD) + 1


@pytest.mark.parametrize("config", [TINY, ROBERTA_LIKE], ids=["vilt", "meter"])
def test_a_search_runs_to_its_exported_model(
    config: ViltConfig | MeterConfig, folders: Folders, tmp_path: Path
) -> None:
    entry = random_backbone(tmp_path / "tiny", config, answers=HEAD, texts=QUESTIONS)
    found = real_search(entry, folders, TINY_SCALE, data="vqav2", device=torch.device("cpu"), threads=1)
    assert found.candidates == len(found.candidate_gmacs) == TINY_SCALE.candidates
    assert found.candidate_examples == 6
    assert found.candidate_examples_per_second == pytest.approx(6 / found.candidate_seconds)
    assert found.forward_gmacs_per_second == pytest.approx(found.forward_gmacs * found.forward_examples_per_second)
    assert found.search_seconds > found.candidate_seconds > 0
    assert found.peak_memory_gib > 0
    assert found.spec["backbone"] == found.backbone == "tiny"
    again = real_search(
        entry,
        folders,
        TINY_SCALE,
        data="vqav2",
        device=torch.device("cpu"),
        threads=1,
        precision=Precision.BFLOAT16,
    )
    assert (again.precision, again.spec["precision"]) == ("bfloat16", "bfloat16")
    gained = gains([found, again])["tiny"]
    assert gained["candidate"] == found.candidate_seconds / again.candidate_seconds
    shown = table([found, again])
    assert [len(column._cells) for column in shown.columns] == [len(LINES) + len(gained)] * 3
    assert list(shown.columns[1].cells)[-3:] == [""] * 3
    assert list(shown.columns[2].cells)[-2] == f"{gained['candidate']:.2f}"
    assert gains([found]) == {}
    assert [len(column._cells) for column in table([again]).columns] == [len(LINES)] * 2


def test_a_peak_that_is_reset_on_the_way_is_not_forgotten(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a GPU's is when the memory of one forward call is measured, by PLAIN and TEST."""
    entry = random_backbone(tmp_path / "tiny", TINY, answers=HEAD, texts=QUESTIONS)
    job = ScoringJob(real_spec("tiny", "vqav2", TINY_SCALE), entry, tmp_path, folders)
    peak = 0

    def measure(candidate: Candidate) -> Outcome:
        nonlocal peak
        reset = candidate.fidelity in (Fidelity.PLAIN, Fidelity.TEST)
        peak = 1 if reset else 100
        return {"accuracy": 0.5, "macs": 1.0, "parameters": 1.0, "seconds": 0.1}

    monkeypatch.setattr(search_module, "peak_memory", lambda _: peak)
    assert search_module._run(job, measure, finals=True, device=torch.device("cpu"))[2] == 100
    assert peak == 1


def test_the_forward_call_is_reckoned_at_the_size_of_the_pictures(folders: Folders, tmp_path: Path) -> None:
    """ViLT keeps the proportion of 640 x 480 pixels, where a search reckons with a square."""
    entry = random_backbone(tmp_path / "tiny", TINY, answers=HEAD, texts=QUESTIONS)
    spec = real_spec("tiny", "vqav2", SMOKE)
    opened = open_search(spec, entry, folders, splits=tmp_path / "splits.json", device=torch.device("cpu"))
    pixels = opened.data.examples(Split.TRAIN, 2).pixel_values
    scale = replace(SMOKE, images=40, candidates=1)
    found = real_search(entry, folders, scale, data="vqav2", device=torch.device("cpu"), threads=1)
    example = replace(entry.workload(spec.task), image_height=pixels.shape[-2], image_width=pixels.shape[-1])
    full = Architecture.full(TINY.sub_layers)
    assert found.forward_gmacs == cost_model(TINY, example).macs(full) / 1e9
    assert pixels.shape[-1] > pixels.shape[-2]


def test_the_specs_of_both_scales_are_valid_and_differ_in_size_alone() -> None:
    small, large = real_spec("random-meter", "vqav2-64", SMOKE), real_spec("random-meter", "vqav2-64", FULL)
    assert small.space == large.space
    assert small.algorithm.name == "random"
    assert large.algorithm.name == "genetic"
    assert large.final.finalists == 1


@pytest.mark.parametrize(("device", "quick", "finals"), [("cpu", False, False), ("cuda", False, True)])
def test_the_scale_is_the_devices(device: str, quick: bool, finals: bool) -> None:
    scale = scale_for(torch.device(device), quick=quick)
    assert scale.finals == finals
    assert scale_for(torch.device(device), quick=True).candidates < scale.candidates


def test_published_sizes_are_the_default_ones() -> None:
    assert CONFIGS["meter"] == MeterConfig()
    assert CONFIGS["vilt"] == ViltConfig()
    assert device_name(torch.device("cpu")) == "cpu"


def test_a_process_of_its_own_has_a_peak_of_its_own() -> None:
    held = torch.ones(2**28 // 4)  # 256 MiB
    here = peak_memory(torch.device("cpu"))
    assert in_own_process(peak_memory, torch.device("cpu")) < here
    assert held.sum() == 2**26


def test_a_gpu_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["real_size", "--device", "cuda"])
    with pytest.raises(SystemExit) as exit_info:
        real_size.main()
    assert exit_info.value.code == 2
    assert "finds no GPU" in capsys.readouterr().err
