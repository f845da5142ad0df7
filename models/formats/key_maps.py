"""Key names of the original ViLT and of `transformers`' ViLT, as our own names."""

import re
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from models.formats.lightning import CheckpointError

Rules = Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]

CLASSIFIER = {"0": "up", "1": "norm", "3": "out"}

ORIGINAL: Rules = [
    (r"text_embeddings\.word_embeddings\.", "backbone.text.words."),
    (r"text_embeddings\.position_embeddings\.", "backbone.text.positions."),
    (r"text_embeddings\.token_type_embeddings\.", "backbone.text.types."),
    (r"text_embeddings\.LayerNorm\.", "backbone.text.norm."),
    (r"token_type_embeddings\.", "backbone.modalities."),
    (r"transformer\.cls_token$", "backbone.image.cls"),
    (r"transformer\.pos_embed$", "backbone.image.positions"),
    (r"transformer\.patch_embed\.proj\.", "backbone.image.patches."),
    (r"transformer\.blocks\.(\d+)\.norm1\.", r"backbone.blocks.\1.msa.norm."),
    (r"transformer\.blocks\.(\d+)\.attn\.qkv\.", r"backbone.blocks.\1.msa.qkv."),
    (r"transformer\.blocks\.(\d+)\.attn\.proj\.", r"backbone.blocks.\1.msa.out."),
    (r"transformer\.blocks\.(\d+)\.norm2\.", r"backbone.blocks.\1.ffn.norm."),
    (r"transformer\.blocks\.(\d+)\.mlp\.fc1\.", r"backbone.blocks.\1.ffn.up."),
    (r"transformer\.blocks\.(\d+)\.mlp\.fc2\.", r"backbone.blocks.\1.ffn.down."),
    (r"transformer\.norm\.", "backbone.norm."),
    (r"pooler\.dense\.", "backbone.pooler."),
    (r"(vqa|nlvr2)_classifier\.([013])\.", lambda m: f"heads.{m[1]}.{CLASSIFIER[m[2]]}."),
    (r"itm_score\.fc\.", "heads.itm."),
    (r"rank_output\.", "heads.retrieval."),
]
ORIGINAL_DROPPED = r"text_embeddings\.position_ids$|mlm_score\.|mpp_score\.|transformer\.mask_token$"

TRANSFORMERS: Rules = [
    (r"vilt\.embeddings\.text_embeddings\.word_embeddings\.", "backbone.text.words."),
    (r"vilt\.embeddings\.text_embeddings\.position_embeddings\.", "backbone.text.positions."),
    (r"vilt\.embeddings\.text_embeddings\.token_type_embeddings\.", "backbone.text.types."),
    (r"vilt\.embeddings\.text_embeddings\.LayerNorm\.", "backbone.text.norm."),
    (r"vilt\.embeddings\.token_type_embeddings\.", "backbone.modalities."),
    (r"vilt\.embeddings\.cls_token$", "backbone.image.cls"),
    (r"vilt\.embeddings\.position_embeddings$", "backbone.image.positions"),
    (r"vilt\.embeddings\.patch_embeddings\.projection\.", "backbone.image.patches."),
    (r"vilt\.encoder\.layer\.(\d+)\.layernorm_before\.", r"backbone.blocks.\1.msa.norm."),
    (r"vilt\.encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.", r"backbone.blocks.\1.msa.\2."),
    (r"vilt\.encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"backbone.blocks.\1.msa.out."),
    (r"vilt\.encoder\.layer\.(\d+)\.layernorm_after\.", r"backbone.blocks.\1.ffn.norm."),
    (r"vilt\.encoder\.layer\.(\d+)\.intermediate\.dense\.", r"backbone.blocks.\1.ffn.up."),
    (r"vilt\.encoder\.layer\.(\d+)\.output\.dense\.", r"backbone.blocks.\1.ffn.down."),
    (r"vilt\.layernorm\.", "backbone.norm."),
    (r"vilt\.pooler\.dense\.", "backbone.pooler."),
    (r"rank_output\.", "heads.retrieval."),
]
TRANSFORMERS_DROPPED = r"vilt\.embeddings\.text_embeddings\.position_ids$|mlm_score\."


def rename(state: Mapping[str, Tensor], rules: Rules, dropped: str) -> tuple[dict[str, Tensor], list[str]]:
    """Our names for the tensors, and the keys that are known and not needed.

    Raises:
        CheckpointError: keys that are neither; all of them are named.
    """
    compiled = [(re.compile(pattern), name) for pattern, name in rules]
    renamed: dict[str, Tensor] = {}
    left, unknown = [], []
    for key, tensor in state.items():
        if re.match(dropped, key):
            left.append(key)
            continue
        found = next(((rule, name) for rule, name in compiled if rule.match(key)), None)
        if found is None:
            unknown.append(key)
        else:
            rule, name = found
            renamed[rule.sub(name, key, count=1)] = tensor
    if unknown:
        raise CheckpointError(f"unexpected keys, unknown to this kind of checkpoint: {', '.join(sorted(unknown))}")
    return renamed, left


def fuse_attention(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Separate query, key and value tensors as our fused `qkv`.

    Raises:
        CheckpointError: one of the three is missing.
    """
    fused = {key: tensor for key, tensor in state.items() if not re.search(r"\.msa\.(query|key|value)\.", key)}
    for key in [key for key in state if ".msa.query." in key]:
        parts = [key.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
        if missing := [part for part in parts if part not in state]:
            raise CheckpointError(f"missing keys: {', '.join(missing)}")
        fused[key.replace(".query.", ".qkv.")] = torch.cat([state[part] for part in parts])
    return fused


def grow_modalities(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A third row for the second image of NLVR2, which starts as a copy of the image's, where there are only two."""
    key = "backbone.modalities.weight"
    if key not in state or len(state[key]) != 2:
        return state
    return state | {key: torch.cat([state[key], state[key][1:]])}
