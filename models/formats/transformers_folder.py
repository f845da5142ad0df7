"""`export_transformers`: an exported ViLT as a folder that `transformers` loads, its LoRA as an adapter of `peft`."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from models.architecture import SubLayerKind
from models.formats.lightning import CheckpointError
from models.formats.peft_adapter import ADAPTER, layers_of, lora_modules, write_peft
from models.formats.transformers_names import EMBEDDINGS, HEADS, LAYER, LINEARS, NORMS
from models.formats.trials import Inputs, drawn_inputs, expected_logits
from models.merging import merged
from models.slim import SlimModel, load_slim
from models.vilt import Vilt
from models.vilt_config import ViltConfig
from models.weights import TOKENIZER
from models.workload import TaskName

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CLASSES: Mapping[TaskName, str] = {
    TaskName.VQA: "ViltForQuestionAnswering",
    TaskName.NLVR2: "ViltForImagesAndTextClassification",
    TaskName.RETRIEVAL: "ViltForImageAndTextRetrieval",
}
TRIALS = 4  # batches that both are compared on
TOLERANCE = 1e-3  # of the largest logit, at least of 1: their text norm has the eps of all their norms, ours its own


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersCheck:
    """What was written: the class that loads it, its layers, whether LoRA lies beside it, and how far logits are."""

    folder: Path
    loads_as: str
    layers: int
    adapter: bool
    difference: float  # the largest of any logit
    largest: float  # logit, for comparison


def export_transformers(folder: Path, target: Path) -> TransformersCheck:
    """Write the ViLT in `folder` to a new folder of `transformers`, its LoRA modules to `adapter` in it.

    A dropped sub-layer is one whose weights are zeros, so that it adds nothing; a block of two of them is left out. The
    figures are the same, what the model costs is not: the zeros are multiplied.

    Args:
        folder: one that `export_slim` wrote.
        target: appears whole or not at all.

    Raises:
        FileExistsError: there is something at `target`.
        CheckpointError: the folder is missing, torn or of another format; `transformers` knows no such network, or
            gives other logits.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists; give a folder that does not, so that nothing is overwritten")
    model = load_slim(folder)
    backbone = _expressible(model)
    theirs, has_lora = _theirs(model, backbone), bool(lora_modules(model))
    difference, largest = _compared(model, _with_lora(model) if has_lora else theirs)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".transformers-") as scratch:
        staged = Path(scratch, "model")
        theirs.save_pretrained(staged)
        _save_tokenizer(folder / TOKENIZER, staged, backbone.config)
        if has_lora:
            write_peft(staged / ADAPTER, model)
        for file in staged.rglob("*.safetensors"):
            file.chmod(0o644)  # safetensors makes it for its owner's eyes alone
        staged.rename(target)
    return TransformersCheck(
        folder=target,
        loads_as=CLASSES[model.task],
        layers=len(layers_of(model.architecture)),
        adapter=has_lora,
        difference=difference,
        largest=largest,
    )


def _expressible(model: SlimModel) -> Vilt:
    """The backbone of a model that `transformers` has classes for.

    Raises:
        CheckpointError: it has none; all reasons are named.
    """
    reasons = []
    if not isinstance(model.backbone, Vilt):
        reasons.append("it has no METER")
    if model.architecture.patches is not None:
        reasons.append("its ViLT has no patch filter")
    if model.task not in CLASSES:
        reasons.append(f"it has no head for {model.task}")
    others = {str(choice.module) for choice in model.architecture.choices if choice.module is not None}
    lora = {str(model.architecture.choices[place].module) for place in lora_modules(model)}
    if others - lora:
        reasons.append(f"it has no modules such as {', '.join(sorted(others - lora))}")
    if reasons or not isinstance(model.backbone, Vilt):
        raise CheckpointError(f"transformers cannot hold this model: {'; '.join(reasons)}; `twinsieve.load` can")
    return model.backbone


def _theirs(model: SlimModel, backbone: Vilt) -> "PreTrainedModel":
    """The network of `transformers` with the weights of ours, without its modules."""
    import transformers

    with torch.random.fork_rng(devices=[]):  # it draws its start
        theirs: PreTrainedModel = getattr(transformers, CLASSES[model.task])(_config(model, backbone.config))
    own = _state(model, backbone)
    held = theirs.state_dict()
    if strange := sorted(key for key in own if key not in held or held[key].shape != own[key].shape):
        raise CheckpointError(f"this transformers has no {', '.join(strange)} of these shapes in {CLASSES[model.task]}")
    theirs.load_state_dict({key: own.get(key, torch.zeros_like(value)) for key, value in held.items()})
    theirs.eval()
    return theirs


def _with_lora(model: SlimModel) -> "PreTrainedModel":
    """The network of `transformers` with the LoRA modules in its weights, for comparison."""
    plain = merged(model)
    assert isinstance(plain.backbone, Vilt)  # noqa: S101 - merging changes weights alone
    return _theirs(plain, plain.backbone)


def _config(model: SlimModel, config: ViltConfig) -> Any:  # noqa: ANN401 - its class is imported where it is used
    from transformers import ViltConfig as Published

    labels = dict(enumerate(model.answers))
    published = Published(
        hidden_size=config.hidden_size,
        num_hidden_layers=len(layers_of(model.architecture)),
        num_attention_heads=config.heads,
        intermediate_size=config.ffn_size,
        image_size=config.image_size,
        patch_size=config.patch_size,
        vocab_size=config.vocabulary,
        max_position_embeddings=config.max_text_length,
        type_vocab_size=config.token_types,
        modality_type_vocab_size=config.modalities,
        layer_norm_eps=config.norm_eps,
        num_images=2 if model.task is TaskName.NLVR2 else -1,
        pad_token_id=config.pad_id,
    )
    if labels:
        published.id2label = labels
        published.label2id = {name: place for place, name in labels.items()}
    return published


def _state(model: SlimModel, backbone: Vilt) -> dict[str, Tensor]:
    """Our tensors under their names; those of dropped sub-layers are missing."""
    state = {
        f"vilt.{theirs}{key.removeprefix(ours)}": value
        for key, value in backbone.state_dict().items()
        for ours, theirs in EMBEDDINGS.items()
        if key.startswith(ours)
    }
    layers = layers_of(model.architecture)
    for place, choice in enumerate(model.architecture.choices):
        if not choice.keep:
            continue
        sub_layer = backbone.config.sub_layers[place]
        prefix = LAYER.format(layers[sub_layer.block])
        for name, (weight, bias) in backbone.linears(place).items():
            state |= {f"{prefix}{LINEARS[name]}.weight": weight, f"{prefix}{LINEARS[name]}.bias": bias}
        norm = backbone.sub_layer(place).get_submodule("norm")
        before = NORMS[sub_layer.kind is SubLayerKind.FFN]
        state |= {f"{prefix}{before}.{key}": value for key, value in norm.state_dict().items()}
    head = HEADS[model.task]
    for key, value in model.head.state_dict().items():
        part, _, kind = key.rpartition(".")
        state[f"{head[part]}.{kind}"] = value
    return state


def _compared(model: SlimModel, theirs: "PreTrainedModel") -> tuple[float, float]:
    """The largest difference of a logit, and the largest logit.

    Raises:
        CheckpointError: they differ too much.
    """
    side = model.pixels.size
    trials = [drawn_inputs(model, batch=2, canvas=(side, side), seed=seed) for seed in range(TRIALS)]
    expected = torch.stack([expected_logits(model, inputs) for inputs in trials])
    found = torch.stack([_logits(theirs, inputs, model.task) for inputs in trials])
    difference, largest = (expected - found).abs().max().item(), expected.abs().max().item()
    if not difference <= TOLERANCE * max(1.0, largest):
        raise CheckpointError(f"transformers gives logits that differ by {difference:.2g}, of up to {largest:.2g}")
    return difference, largest


def _logits(theirs: "PreTrainedModel", inputs: Inputs, task: TaskName) -> Tensor:
    """(B, classes); their ViLT shuffles the patches, which changes nothing, with the global generator."""
    pixels = inputs["pixel_values"] if task is TaskName.NLVR2 else inputs["pixel_values"][:, 0]
    mask = torch.ones(pixels.shape[:-3] + pixels.shape[-2:], dtype=torch.long)
    texts = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        logits: Tensor = theirs(**texts, pixel_values=pixels, pixel_mask=mask).logits
    return logits[:, :1] if task is TaskName.RETRIEVAL else logits


def _save_tokenizer(file: Path, folder: Path, config: ViltConfig) -> None:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    padding = Tokenizer.from_file(str(file)).id_to_token(config.pad_id)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_file=str(file), pad_token=padding, model_max_length=config.max_text_length
    )
    wrapped.save_pretrained(folder)
    shutil.copyfile(file, folder / TOKENIZER)  # as it was: saving may write down other settings
