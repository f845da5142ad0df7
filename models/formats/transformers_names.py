"""Names in `transformers`' ViLT of what ours holds, for writing; `key_maps` has those for reading."""

from collections.abc import Mapping

from models.workload import TaskName

EMBEDDINGS: Mapping[str, str] = {
    "text.words.": "embeddings.text_embeddings.word_embeddings.",
    "text.positions.": "embeddings.text_embeddings.position_embeddings.",
    "text.types.": "embeddings.text_embeddings.token_type_embeddings.",
    "text.norm.": "embeddings.text_embeddings.LayerNorm.",
    "modalities.": "embeddings.token_type_embeddings.",
    "image.cls": "embeddings.cls_token",
    "image.positions": "embeddings.position_embeddings",
    "image.patches.": "embeddings.patch_embeddings.projection.",
    "norm.": "layernorm.",
    "pooler.": "pooler.dense.",
}
"""Beginnings of keys outside the blocks, without the `vilt.` in front."""

LAYER = "vilt.encoder.layer.{}."

LINEARS: Mapping[str, str] = {
    "query": "attention.attention.query",
    "key": "attention.attention.key",
    "value": "attention.attention.value",
    "out": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
}
"""The linears of a block by the names that modules know."""

NORMS = ("layernorm_before", "layernorm_after")
"""In front of the attention, and of the FFN."""

_CLASSIFIER = {"up": "classifier.0", "norm": "classifier.1", "out": "classifier.3"}
HEADS: Mapping[TaskName, Mapping[str, str]] = {
    TaskName.VQA: _CLASSIFIER,
    TaskName.NLVR2: _CLASSIFIER,
    TaskName.RETRIEVAL: {"": "rank_output"},
}
"""The parts of each task's head; a rank head is one linear."""
