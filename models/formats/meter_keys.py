"""Key names of the original METER as our own names."""

from collections.abc import Mapping

from torch import Tensor

from models.formats.key_maps import CLASSIFIER, Rules

_ENCODER_LAYER = r"text_transformer\.encoder\.layer\.(\d+)\."
_FUSION_LAYER = r"cross_modal_(text|image)_layers\.(\d+)\."
_RESBLOCK = r"vit_model\.visual\.transformer\.resblocks\.(\d+)\."

ORIGINAL: Rules = [
    (r"text_transformer\.embeddings\.word_embeddings\.", "backbone.text.words."),
    (r"text_transformer\.embeddings\.position_embeddings\.", "backbone.text.positions."),
    (r"text_transformer\.embeddings\.token_type_embeddings\.", "backbone.text.types."),
    (r"text_transformer\.embeddings\.LayerNorm\.", "backbone.text.norm."),
    (_ENCODER_LAYER + r"attention\.self\.(query|key|value)\.", r"backbone.stacks.language.\1.msa.body.\2."),
    (_ENCODER_LAYER + r"attention\.output\.dense\.", r"backbone.stacks.language.\1.msa.body.out."),
    (_ENCODER_LAYER + r"attention\.output\.LayerNorm\.", r"backbone.stacks.language.\1.msa.norm."),
    (_ENCODER_LAYER + r"intermediate\.dense\.", r"backbone.stacks.language.\1.ffn.body.up."),
    (_ENCODER_LAYER + r"output\.dense\.", r"backbone.stacks.language.\1.ffn.body.down."),
    (_ENCODER_LAYER + r"output\.LayerNorm\.", r"backbone.stacks.language.\1.ffn.norm."),
    (r"vit_model\.visual\.class_embedding$", "backbone.image.cls"),
    (r"vit_model\.visual\.positional_embedding$", "backbone.image.positions"),
    (r"vit_model\.visual\.conv1\.", "backbone.image.patches."),
    (r"vit_model\.visual\.ln_pre\.", "backbone.image.norm."),
    (r"vit_model\.visual\.ln_post\.", "backbone.vision_norm."),
    (_RESBLOCK + r"ln_1\.", r"backbone.stacks.vision.\1.msa.norm."),
    (_RESBLOCK + r"attn\.in_proj_(weight|bias)$", r"backbone.stacks.vision.\1.msa.body.qkv.\2"),
    (_RESBLOCK + r"attn\.out_proj\.", r"backbone.stacks.vision.\1.msa.body.out."),
    (_RESBLOCK + r"ln_2\.", r"backbone.stacks.vision.\1.ffn.norm."),
    (_RESBLOCK + r"mlp\.c_fc\.", r"backbone.stacks.vision.\1.ffn.body.up."),
    (_RESBLOCK + r"mlp\.c_proj\.", r"backbone.stacks.vision.\1.ffn.body.down."),
    (r"cross_modal_(text|image)_transform\.", r"backbone.\1_projection."),
    (r"token_type_embeddings\.", "backbone.modalities."),
    (_FUSION_LAYER + r"attention\.self\.(query|key|value)\.", r"backbone.stacks.\1.\2.msa.body.\3."),
    (_FUSION_LAYER + r"attention\.output\.dense\.", r"backbone.stacks.\1.\2.msa.body.out."),
    (_FUSION_LAYER + r"attention\.output\.LayerNorm\.", r"backbone.stacks.\1.\2.msa.norm."),
    (_FUSION_LAYER + r"crossattention\.self\.(query|key|value)\.", r"backbone.stacks.\1.\2.ca.body.\3."),
    (_FUSION_LAYER + r"crossattention\.output\.dense\.", r"backbone.stacks.\1.\2.ca.body.out."),
    (_FUSION_LAYER + r"crossattention\.output\.LayerNorm\.", r"backbone.stacks.\1.\2.ca.norm."),
    (_FUSION_LAYER + r"intermediate\.dense\.", r"backbone.stacks.\1.\2.ffn.body.up."),
    (_FUSION_LAYER + r"output\.dense\.", r"backbone.stacks.\1.\2.ffn.body.down."),
    (_FUSION_LAYER + r"output\.LayerNorm\.", r"backbone.stacks.\1.\2.ffn.norm."),
    (r"cross_modal_(text|image)_pooler\.dense\.", r"backbone.pooler.\1."),
    (r"(vqa|nlvr2)_classifier\.([013])\.", lambda m: f"heads.{m[1]}.{CLASSIFIER[m[2]]}."),
    (r"itm_score\.fc\.", "heads.itm."),
    (r"rank_output\.", "heads.retrieval."),
]
ORIGINAL_DROPPED = (
    r"vit_model\.(positional_embedding$|ln_final\.)"
    r"|text_transformer\.(embeddings\.position_ids$|pooler\.)"
    r"|mlm_score\.|snli_classifier\."
)


def split_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """CLIP's fused `qkv` tensors as query, key and value."""
    split: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if ".body.qkv." not in key:
            split[key] = tensor
            continue
        for name, part in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
            split[key.replace(".qkv.", f".{name}.")] = part
    return split
