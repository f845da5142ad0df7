"""Our own splits, disjoint by image: drawn by a seed, written down with the job, verified when read back."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.batch import Split
from models.data.errors import SplitError
from models.data.index import Index
from models.data.json_items import check_size
from models.data.kinds import DataKind
from models.data.whole_file import whole_file

FORMAT = "twinsieve-splits/1"
FITNESS_SHARE = 0.1  # of the images to train on


@dataclass(frozen=True, slots=True)
class DataSplits:
    """Which groups (see `Index`) each split has; `digest` is that of the data they were drawn from."""

    kind: DataKind
    seed: int
    digest: str
    groups: Mapping[Split, tuple[str, ...]]

    def __post_init__(self) -> None:
        if empty := [split for split in Split if not self.groups.get(split)]:
            raise SplitError(f"splits of {self.kind}: nothing in {', '.join(empty)}")
        counts = Counter(group for groups in self.groups.values() for group in groups)
        if twice := [group for group, count in counts.items() if count > 1]:
            raise SplitError(f"splits of {self.kind} are not disjoint: {', '.join(twice[:5])} in two; draw them again")

    @classmethod
    def draw(cls, kind: DataKind, index: Index, seed: int) -> "DataSplits":
        """Splits by image from what is published to train on, to judge by and to test on; our design.

        METER's VQA also trains on val, and its captions choose by test; here nothing of one pool enters another's
        split. TRAIN and FITNESS share the train part. VALIDATION is the val part and TEST the test part; VQAv2's test
        has no public answers, so its val part is halved.

        Raises:
            SplitError: a part has too few images.
        """
        rng = Random(f"{kind}/{seed}")  # noqa: S311  # reproducible, and no secret
        train, val, test = ([*rng.sample(sorted(pool), len(pool))] for pool in index.pools)
        fitness = max(1, round(FITNESS_SHARE * len(train)))
        half = 0 if index.pools[2] else (len(val) + 1) // 2
        groups = {
            Split.TRAIN: train[fitness:],
            Split.FITNESS: train[:fitness],
            Split.VALIDATION: val[:half] if half else val,
            Split.TEST: val[half:] if half else test,
        }
        return cls(kind, seed, index.digest, {split: tuple(sorted(members)) for split, members in groups.items()})

    @classmethod
    def read(cls, file: Path) -> "DataSplits":
        """The splits that `write` wrote.

        Raises:
            SplitError: the file is missing, torn, of another format, or its splits overlap.
        """
        check_size(file)
        try:
            data = json.loads(file.read_bytes())
            if not isinstance(data, dict) or data.get("format") != FORMAT:
                raise SplitError(f"{file} is no split file: expected format {FORMAT!r}; remove it to draw new splits")
            groups = {Split(split): _names(members) for split, members in data["splits"].items()}
            return cls(DataKind(data["data"]), int(data["seed"]), str(data["source_sha256"]), groups)
        except SplitError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SplitError(f"{file} is torn or not ours: {error}; remove it to draw new splits") from None

    def write(self, file: Path) -> None:
        """Write them as JSON, whole or not at all."""
        data: dict[str, Any] = {"format": FORMAT, "data": self.kind, "seed": self.seed, "source_sha256": self.digest}
        data["splits"] = self.groups
        with whole_file(file) as opened:
            opened.write(json.dumps(data).encode())

    def places(self, index: Index) -> Mapping[Split, NDArray[np.int32]]:
        """The places (examples, 3) of each split's examples in `index`, in the order of the data.

        Raises:
            SplitError: they were drawn from other data, or name a group that it does not have.
        """
        names = [name for pool in index.pools for name in pool]
        number = {name: place for place, name in enumerate(names)}
        if self.digest != index.digest:
            raise SplitError(
                f"these splits of {self.kind} were drawn from data with digest {self.digest[:12]}, not "
                f"{index.digest[:12]}: use the data of that time, or remove the split file to draw new splits"
            )
        if strange := [name for groups in self.groups.values() for name in groups if name not in number]:
            raise SplitError(f"the splits name {strange[0]!r}, which the data does not have; draw them again")
        return {split: _of_groups(index, [number[name] for name in groups]) for split, groups in self.groups.items()}


def load_splits(kind: DataKind, index: Index, *, seed: int, file: Path | None) -> DataSplits:
    """The splits in `file`; where there is none yet, new ones, which are written there.

    Raises:
        SplitError: the file is for other data or another seed, or too few images are there to draw from.
    """
    if file is None or not file.exists():
        splits = DataSplits.draw(kind, index, seed)
        if file is not None:
            splits.write(file)
        return splits
    splits = DataSplits.read(file)
    if (splits.kind, splits.seed) != (kind, seed):
        raise SplitError(
            f"{file} has splits of {splits.kind} by seed {splits.seed}; expected {kind} by seed {seed}: "
            "give the seed they were drawn by, or remove the file to draw new ones"
        )
    return splits


def _names(members: object) -> tuple[str, ...]:
    if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
        raise TypeError("a split is a list of names")
    return tuple(members)


def _of_groups(index: Index, wanted: Sequence[int]) -> NDArray[np.int32]:
    return index.places[np.isin(index.groups, wanted)]
