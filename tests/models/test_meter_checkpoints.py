"""Original METER files of every kind load with the right sizes and heads; what does not fit is refused and named."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.architecture import Architecture
from models.backbone import Features
from models.checkpoints import load_network, save_network
from models.formats.lightning import CheckpointError
from models.meter import Meter
from models.meter_config import MeterConfig
from models.network import Network
from models.registry import METER_FORMAT, BackboneRegistry, read_entry
from models.workload import TaskName

FIXTURES = Path(__file__).parent.parent / "fixtures"
CKPT = FIXTURES / "meter" / "vqa_48px.ckpt"
STATE = CKPT.with_suffix(".safetensors")
BIAS = "cross_modal_image_pooler.dense.bias"


def saved(
    folder: Path, *gone: str, more: Mapping[str, Tensor] | None = None, settings: Mapping[str, object] | None = None
) -> Path:
    """The fixture's state dict as a Lightning file, without keys that start so, with `more`."""
    state = {key: value for key, value in load_file(STATE).items() if not key.startswith(gone or ("nothing",))}
    file = folder / "original.ckpt"
    config = {"num_heads": 4, **(settings or {})}
    torch.save({"state_dict": {**state, **(more or {})}, "hyper_parameters": {"config": config}}, file)
    return file


def config_of(network: Network) -> MeterConfig:
    assert isinstance(network.config, MeterConfig)
    return network.config


def features(network: Network) -> Features:
    case = load_file(FIXTURES / "meter" / "vqa_same_resolution.safetensors")
    texts = network.backbone.read_texts(case["input_ids"], case["attention_mask"])
    images = network.backbone.read_images(case["pixel_values"])
    result: Features = network.backbone(texts, images, Architecture.full(network.config.sub_layers))
    return result


def test_a_lightning_file_with_a_class_that_exists_nowhere_loads(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        network = load_network(CKPT)
    config = config_of(network)
    assert (config.heads, config.vision_heads, config.language_heads) == (4, 4, 4)  # from the hyper-parameters
    assert (config.depth, config.vision_blocks, config.language_blocks) == (2, 2, 2)
    assert (config.image_size, config.patch_size, config.max_text_length, config.max_positions) == (48, 16, 10, 20)
    assert network.answers == tuple(str(index) for index in range(12))
    assert list(network.heads) == ["vqa"]
    for key in json.loads((FIXTURES / "meter" / "config.json").read_text())["legacy_keys_to_drop"]:
        assert key in caplog.text


def test_the_state_dict_alone_needs_to_be_told_the_heads() -> None:
    with pytest.raises(CheckpointError, match="number of heads, which a width of 32 does not tell"):
        load_network(STATE)
    first, second = load_network(STATE, heads=4), load_network(CKPT)
    assert torch.equal(features(first).pooled, features(second).pooled)
    assert config_of(first).max_text_length == 18  # 20 positions, of which RoBERTa's first two are for padding


def test_heads_of_the_encoders_can_be_told() -> None:
    config = config_of(load_network(STATE, heads=4, vision_heads=2, language_heads=8))
    assert (config.heads, config.vision_heads, config.language_heads) == (4, 2, 8)


def test_a_pre_training_checkpoint_brings_the_head_that_ranking_starts_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    itm = {"itm_score.fc.weight": torch.randn(2, 64), "itm_score.fc.bias": torch.randn(2)}
    with caplog.at_level(logging.INFO):
        network = load_network(saved(tmp_path, "vqa_", more=itm | {"mlm_score.bias": torch.zeros(100)}))
    assert list(network.heads) == ["itm"]
    assert network.answers == ()
    assert "mlm_score.bias" in caplog.text
    rank = dict(network.head(TaskName.RETRIEVAL).named_parameters())
    assert torch.equal(rank["weight"], itm["itm_score.fc.weight"][1:])
    assert torch.equal(rank["bias"], itm["itm_score.fc.bias"][1:])
    nlvr2 = network.head(TaskName.NLVR2)  # a new one: four pooled tokens in
    assert nlvr2.get_submodule("up").get_parameter("weight").shape == (64, 128)


def test_fine_tuned_heads_have_the_sizes_of_their_weights(tmp_path: Path) -> None:
    rank = {"rank_output.weight": torch.randn(1, 64), "rank_output.bias": torch.randn(1)}
    sizes = {"0.weight": (64, 128), "0.bias": (64,), "1.weight": (64,), "1.bias": (64,)}
    sizes |= {"3.weight": (2, 64), "3.bias": (2,)}
    nlvr2 = {f"nlvr2_classifier.{name}": torch.randn(shape) for name, shape in sizes.items()}
    network = load_network(saved(tmp_path, more=rank | nlvr2))
    assert sorted(network.heads) == ["nlvr2", "retrieval", "vqa"]
    assert torch.equal(network.heads["retrieval"].get_parameter("weight"), rank["rank_output.weight"])


def test_a_second_images_type_starts_as_the_images_own(tmp_path: Path) -> None:
    two = load_file(STATE)["token_type_embeddings.weight"]
    network = load_network(CKPT)
    assert isinstance(network.backbone, Meter)
    assert torch.equal(network.backbone.modalities.weight, torch.cat([two, two[1:]]))
    three = torch.randn(3, 32)
    network = load_network(saved(tmp_path, more={"token_type_embeddings.weight": three}))
    assert isinstance(network.backbone, Meter)
    assert torch.equal(network.backbone.modalities.weight, three)


@pytest.mark.parametrize("name", ["ckpt", "ours"])
def test_positions_are_stretched_to_another_image_size(tmp_path: Path, name: str) -> None:
    path = CKPT
    if name == "ours":
        save_network(path := tmp_path / "meter", load_network(CKPT), provenance={})
    network = load_network(path, image_size=80)
    assert isinstance(network.backbone, Meter)
    assert config_of(network).image_size == 80
    reference = load_file(FIXTURES / "meter" / "vqa_interpolated_80px.safetensors")["positional_embedding"]
    assert (network.backbone.image.positions - reference).abs().max() < 1e-6
    with pytest.raises(ValueError, match="image size 50 is no multiple of the patch size 16"):
        load_network(path, image_size=50)
    with pytest.raises(CheckpointError, match="a ViLT reads images of any size"):
        load_network(FIXTURES / "vilt" / "vqa.ckpt", image_size=80)


def test_our_folder_holds_the_same_network(tmp_path: Path) -> None:
    network = load_network(CKPT)
    save_network(tmp_path / "meter", network, provenance={"from": "a test"})
    assert json.loads((tmp_path / "meter" / "config.json").read_text())["format"] == METER_FORMAT
    again = load_network(tmp_path / "meter")
    assert again.config == network.config
    assert again.answers == network.answers
    assert torch.equal(features(again).image, features(network).image)
    entry = BackboneRegistry(tmp_path).get("meter")
    assert entry == read_entry("meter", tmp_path / "meter")
    work = entry.workload(TaskName.VQA)
    assert (work.text_tokens, work.image_height, work.image_width, work.answers) == (10, 48, 48, 12)


def test_missing_and_unexpected_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"missing keys: pooler\.image\.bias"):
        load_network(saved(tmp_path, BIAS))
    with pytest.raises(CheckpointError, match=r"unexpected keys.*: another\.weight, cross_modal_text_layers\.0\.gate"):
        load_network(
            saved(tmp_path, more={"another.weight": torch.ones(1), "cross_modal_text_layers.0.gate": torch.ones(1)})
        )
    with pytest.raises(CheckpointError, match=r"sizes of a METER without 'backbone\.image\.patches\.weight'"):
        load_network(saved(tmp_path, "vit_model.visual.conv1"))
    gone = "vit_model.visual.transformer.resblocks.0.attn.in_proj_weight"
    with pytest.raises(CheckpointError, match=r"missing keys: stacks\.vision\.0\.msa\.body\.key\.weight, "):
        load_network(saved(tmp_path, gone))


def test_wrong_shapes_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"pooler\.image\.bias has shape \(3,\), expected \(32,\)"):
        load_network(saved(tmp_path, more={BIAS: torch.zeros(3)}))
    positions = {"vit_model.visual.positional_embedding": torch.zeros(12, 32)}
    with pytest.raises(CheckpointError, match="12 image positions are not 1 \\+ n x n"):
        load_network(saved(tmp_path, more=positions))
    with pytest.raises(CheckpointError, match="width 32 cannot be split over 5 heads"):
        load_network(saved(tmp_path, settings={"num_heads": 5}))
    assert config_of(load_network(saved(tmp_path, settings={"max_text_len": 40}))).max_text_length == 18


def test_meter_with_another_text_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="with RoBERTa, not with 'bert-base-uncased'"):
        load_network(saved(tmp_path, settings={"tokenizer": "bert-base-uncased"}))


def test_torn_and_missing_safetensors_files_are_refused(tmp_path: Path) -> None:
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(STATE.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="torn or no safetensors file"):
        load_network(torn, heads=4)
    with pytest.raises(CheckpointError, match="no checkpoint file"):
        load_network(tmp_path / "nowhere.safetensors")
    save_file({"encoder.weight": torch.ones(2)}, torn)
    with pytest.raises(CheckpointError, match=r"unexpected keys.*encoder\.weight"):
        load_network(torn)
