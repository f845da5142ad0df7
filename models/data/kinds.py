"""The data sets by kind, without torch: their parts, their file names, and which parts our splits draw from."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.workload import TaskName


class DataKind(StrEnum):
    """The data sets."""

    VQAV2 = "vqav2"
    NLVR2 = "nlvr2"
    F30K = "f30k"
    COCO = "coco"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFacts:
    """`stem` begins the names of its arrow files; `layout` shows where raw files lie.

    `pools` are the parts that our splits train on, judge by and test on (see `DataSplits`); `published` are the splits
    of METER and ViLT, which train on parts of val and choose by test.
    """

    task: TaskName
    stem: str
    parts: tuple[str, ...]
    pools: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    published: Mapping[str, tuple[str, ...]]
    layout: str


VAL_HALVES = ("trainable_val", "rest_val")  # METER and ViLT cut VQAv2's val in two, in arrow files only

_CAPTIONS_LAYOUT = """karpathy/dataset_{name}.json
{images}
(captions and splits: Karpathy's caption_datasets.zip)"""

FACTS: Mapping[DataKind, KindFacts] = MappingProxyType(
    {
        DataKind.VQAV2: KindFacts(
            task=TaskName.VQA,
            stem="vqav2",
            parts=("train", "val", "test", "test-dev"),
            pools=(("train",), ("val",), ()),
            published={"train": ("train", "trainable_val"), "val": ("rest_val",), "test": ("test",)},
            layout="""v2_OpenEnded_mscoco_{train2014,val2014,test2015,test-dev2015}_questions.json
v2_mscoco_{train2014,val2014}_annotations.json
{train2014,val2014,test2015}/COCO_{train2014,val2014,test2015}_000000000009.jpg
(train and val are needed, test is not; visualqa.org/download.html)""",
        ),
        DataKind.NLVR2: KindFacts(
            task=TaskName.NLVR2,
            stem="nlvr2",
            parts=(
                "train",
                "dev",
                "test1",
                "balanced_dev",
                "balanced_test1",
                "unbalanced_dev",
                "unbalanced_test1",
            ),
            pools=(("train",), ("dev",), ("test1",)),
            published={"train": ("train",), "val": ("dev", "test1"), "test": ("dev", "test1")},
            layout="""nlvr2/data/{train,dev,test1}.json
images/train/12/train-7-0-img0.png
{dev,test1}/dev-3-0-img0.png
(texts: github.com/lil-lab/nlvr; images: its request form)""",
        ),
        DataKind.F30K: KindFacts(
            task=TaskName.RETRIEVAL,
            stem="f30k_caption_karpathy",
            parts=("train", "val", "test"),
            pools=(("train",), ("val",), ("test",)),
            published={"train": ("train", "val"), "val": ("test",), "test": ("test",)},
            layout=_CAPTIONS_LAYOUT.format(name="flickr30k", images="flickr30k-images/1000092795.jpg"),
        ),
        DataKind.COCO: KindFacts(
            task=TaskName.RETRIEVAL,
            stem="coco_caption_karpathy",
            parts=("train", "restval", "val", "test"),
            pools=(("train", "restval"), ("val",), ("test",)),
            published={"train": ("train", "restval"), "val": ("test",), "test": ("test",)},
            layout=_CAPTIONS_LAYOUT.format(name="coco", images="{train2014,val2014}/COCO_train2014_000000000009.jpg"),
        ),
    }
)


def kinds_of(task: TaskName) -> tuple[DataKind, ...]:
    """The data sets that `task` can use."""
    return tuple(kind for kind, facts in FACTS.items() if facts.task is task)
