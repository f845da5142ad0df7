"""The training-free scores by name."""

from collections.abc import Mapping

from models.scores.adapeft import adapeft_gain
from models.scores.contract import Score
from models.scores.multiflow import multiflow
from models.scores.names import ScoreName
from models.scores.residual import residual_ratio
from models.scores.skip import zero_shot_skip
from models.scores.spt import sensitivity

SCORES: Mapping[ScoreName, Score] = {
    ScoreName.MULTIFLOW: multiflow,
    ScoreName.SPT: sensitivity,
    ScoreName.ADAPEFT: adapeft_gain,
    ScoreName.RESIDUAL: residual_ratio,
    ScoreName.SKIP: zero_shot_skip,
}
