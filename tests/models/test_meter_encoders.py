"""METER's encoders against `transformers`' CLIP and RoBERTa on random weights, its fusion against plain formulas."""

import pytest
import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel, RobertaConfig, RobertaModel

from models.architecture import Architecture, Stack
from models.backbone import Features
from models.inputs import interleaved
from models.meter import Meter
from models.meter_config import MeterConfig

CONFIG = MeterConfig(
    hidden_size=24,
    heads=3,
    depth=2,
    ffn_size=40,
    vision_width=16,
    vision_heads=2,
    vision_blocks=3,
    vision_ffn_size=48,
    image_size=32,
    patch_size=8,
    language_width=20,
    language_heads=5,
    language_blocks=2,
    language_ffn_size=56,
    vocabulary=40,
    max_positions=12,
    max_text_length=9,
    modalities=3,
)
FULL = Architecture.full(CONFIG.sub_layers)
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def meter() -> Meter:
    backbone = Meter(CONFIG).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in backbone.named_parameters():
        around = 1.0 if "norm.weight" in name else 0.0
        parameter.copy_(around + 0.3 * torch.randn(parameter.shape, generator=generator))
    return backbone


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def ids() -> Tensor:
    ids = torch.randint(2, 40, (3, 9), generator=torch.Generator().manual_seed(2))
    ids[1, 4:] = CONFIG.pad_id
    ids[2, 8:] = CONFIG.pad_id
    return ids


def theirs_by_ours(ours: dict[str, Tensor], stack: str, names: dict[str, str], layer: str) -> dict[str, Tensor]:
    """Our tensors of a stack under the names that `transformers` has for a layer's parts."""
    renamed = {}
    for key, value in ours.items():
        head, _, rest = key.partition(f"stacks.{stack}.")
        if head or not rest:
            continue
        block, part, tail = rest.split(".", 1)[0], *rest.split(".", 1)[1].rsplit(".", 1)
        renamed[f"{layer}.{block}.{names[part]}.{tail}"] = value
    return renamed


def clip(meter: Meter) -> CLIPVisionModel:
    names = {f"msa.body.{part}": f"self_attn.{part[0]}_proj" for part in ("query", "key", "value")}
    names |= {"msa.body.out": "self_attn.out_proj", "msa.norm": "layer_norm1", "ffn.norm": "layer_norm2"}
    names |= {"ffn.body.up": "mlp.fc1", "ffn.body.down": "mlp.fc2"}
    ours = meter.state_dict()
    state = theirs_by_ours(ours, "vision", names, "encoder.layers")
    state["embeddings.class_embedding"] = ours["image.cls"]
    state["embeddings.patch_embedding.weight"] = ours["image.patches.weight"]
    state["embeddings.position_embedding.weight"] = ours["image.positions"]
    for part in ("weight", "bias"):
        state[f"pre_layrnorm.{part}"] = ours[f"image.norm.{part}"]
        state[f"post_layernorm.{part}"] = ours[f"vision_norm.{part}"]
    model: CLIPVisionModel = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=48,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=32,
            patch_size=8,
            hidden_act="quick_gelu",
        )
    ).eval()
    model.load_state_dict(state)
    return model


def roberta(meter: Meter) -> RobertaModel:
    names = {f"msa.body.{part}": f"attention.self.{part}" for part in ("query", "key", "value")}
    names |= {"msa.body.out": "attention.output.dense", "msa.norm": "attention.output.LayerNorm"}
    names |= {"ffn.body.up": "intermediate.dense", "ffn.body.down": "output.dense", "ffn.norm": "output.LayerNorm"}
    ours = meter.state_dict()
    state = theirs_by_ours(ours, "language", names, "encoder.layer")
    for own, part in (("words", "word_embeddings"), ("positions", "position_embeddings"), ("norm", "LayerNorm")):
        for tail in ("weight", "bias") if own == "norm" else ("weight",):
            state[f"embeddings.{part}.{tail}"] = ours[f"text.{own}.{tail}"]
    state["embeddings.token_type_embeddings.weight"] = ours["text.types.weight"]
    model: RobertaModel = RobertaModel(
        RobertaConfig(
            hidden_size=20,
            intermediate_size=56,
            num_hidden_layers=2,
            num_attention_heads=5,
            vocab_size=40,
            max_position_embeddings=12,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
        ),
        add_pooling_layer=False,
    ).eval()
    model.load_state_dict(state)
    return model


def test_the_image_encoder_is_clips(meter: Meter, pixels: Tensor) -> None:
    theirs = clip(meter)
    with torch.no_grad():
        reference = theirs.post_layernorm(theirs(pixels).last_hidden_state)  # of every token
        ours = meter.vision_norm(meter.read_images(pixels).tokens)
    assert (ours - reference).abs().max() < TOLERANCE


def test_the_text_encoder_is_robertas(meter: Meter, ids: Tensor) -> None:
    mask = (ids != CONFIG.pad_id).long()
    with torch.no_grad():
        reference = roberta(meter)(ids, attention_mask=mask).last_hidden_state
        ours = meter.read_texts(ids, mask).tokens
    assert (ours - reference).abs().max() < TOLERANCE


def attend(layer: nn.Module, hidden: Tensor, memory: Tensor, seen: Tensor) -> Tensor:
    """Attention as its formula, one head after another; `seen` (B, M) is 0 at padding."""
    query, key, value = (
        layer.get_submodule(f"body.{name}")(source)
        for name, source in (("query", hidden), ("key", memory), ("value", memory))
    )
    mixed = []
    for part in range(CONFIG.heads):
        columns = slice(8 * part, 8 * part + 8)
        logits = query[..., columns] @ key[..., columns].mT / 8**0.5 + (1 - seen[:, None].float()) * -10_000
        mixed.append(logits.softmax(-1) @ value[..., columns])
    addend: Tensor = layer.get_submodule("body.out")(torch.cat(mixed, dim=-1))
    return addend


def fused(meter: Meter, text: Tensor, image: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """The fusion encoder as its formulas, both streams from the pair that entered the layer."""
    everything = torch.ones(image.shape[:2])

    def stream(stack: Stack, depth: int, own: Tensor, other: Tensor, own_seen: Tensor, other_seen: Tensor) -> Tensor:
        msa, ca, ffn = (meter.get_submodule(f"stacks.{stack}.{depth}.{kind}") for kind in ("msa", "ca", "ffn"))
        own = msa.get_submodule("norm")(own + attend(msa, own, own, own_seen))
        own = ca.get_submodule("norm")(own + attend(ca, own, other, other_seen))
        wide = torch.nn.functional.gelu(ffn.get_submodule("body.up")(own))
        result: Tensor = ffn.get_submodule("norm")(own + ffn.get_submodule("body.down")(wide))
        return result

    for depth in range(CONFIG.depth):
        text, image = (
            stream(Stack.TEXT, depth, text, image, seen, everything),
            stream(Stack.IMAGE, depth, image, text, everything, seen),
        )
    return text, image


def run(meter: Meter, ids: Tensor, pixels: Tensor, modality: int = 1) -> Features:
    texts = meter.read_texts(ids, (ids != CONFIG.pad_id).long())
    features: Features = meter(texts, meter.read_images(pixels, modality=modality), FULL)
    return features


@pytest.mark.parametrize("modality", [1, 2])
def test_the_fusion_encoder_follows_its_formulas(meter: Meter, ids: Tensor, pixels: Tensor, modality: int) -> None:
    """The second image of NLVR2 has type row 2."""
    seen = (ids != CONFIG.pad_id).long()
    text = meter.text_projection(meter.read_texts(ids, seen).tokens) + meter.modalities.weight[0]
    image = meter.image_projection(meter.vision_norm(meter.read_images(pixels).tokens))
    text, image = fused(meter, text, image + meter.modalities.weight[modality], seen)
    features = run(meter, ids, pixels, modality)
    assert (features.text - text).abs().max() < TOLERANCE
    assert (features.image - image).abs().max() < TOLERANCE
    first, second = meter.get_submodule("pooler.text"), meter.get_submodule("pooler.image")
    pooled = torch.cat([first(text[:, 0]), second(image[:, 0])], dim=1).tanh()
    assert (features.pooled - pooled).abs().max() < TOLERANCE


def test_rows_do_not_see_each_other(meter: Meter, ids: Tensor, pixels: Tensor) -> None:
    """Two images of an example in one batch, each with its own type row, as in one call each."""
    texts = meter.read_texts(ids, (ids != CONFIG.pad_id).long())
    images = [meter.read_images(pixels, modality=modality) for modality in (1, 2)]
    both = meter(texts.rows(torch.tensor([0, 0, 1, 1, 2, 2])), interleaved(images), FULL)
    for index, modality in enumerate((1, 2)):
        alone = run(meter, ids, pixels, modality)
        assert (both.pooled[index::2] - alone.pooled).abs().max() < TOLERANCE


def test_what_does_not_fit_is_refused(meter: Meter, ids: Tensor, pixels: Tensor) -> None:
    with pytest.raises(ValueError, match="images of 32x32 pixels, not 40x32"):
        meter.read_images(torch.zeros(1, 3, 32, 40))
    padded = torch.ones(3, 32, 32, dtype=torch.bool)
    assert meter.read_images(pixels, padded).valid is None
    padded[0, -1] = False
    with pytest.raises(ValueError, match="without padding"):
        meter.read_images(pixels, padded)
    with pytest.raises(ValueError, match="3 modality types; an image cannot be of 3"):
        meter.read_images(pixels, modality=3)
    with pytest.raises(ValueError, match="12 tokens; the backbone has positions for 10"):
        meter.read_texts(torch.ones(1, 12, dtype=torch.long), torch.ones(1, 12))
    with pytest.raises(ValueError, match="3 blocks; it cannot run 4"):
        meter.read_images(pixels, blocks=4)
    with pytest.raises(ValueError, match="text: width 24 cannot be split over 5 heads"):
        MeterConfig.from_json(CONFIG.to_json() | {"heads": 5})
    with pytest.raises(ValueError, match="no multiple of the patch size"):
        MeterConfig.from_json(CONFIG.to_json() | {"image_size": 36})
    with pytest.raises(ValueError, match="1 to 10 tokens here, not up to 11"):
        MeterConfig.from_json(CONFIG.to_json() | {"max_text_length": 11})
    with pytest.raises(ValueError, match="has no blocks"):
        MeterConfig.from_json(CONFIG.to_json() | {"blocks": 1})
    assert MeterConfig.from_json(CONFIG.to_json()) == CONFIG
