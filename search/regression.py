"""Regressions that a surrogate fits to few noisy measurements: deterministic, on one thread."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from search.algorithm_spec import SurrogateName
from search.gaussian_process import GaussianProcess

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it carries no types

Floats = NDArray[np.float64]


class Regression(Protocol):
    """Numbers for rows of features."""

    def fit(self, rows: Floats, values: Floats) -> Self:
        """Learn from `rows` (N, features) and their `values` (N,)."""

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each row's value, (N,) both."""


class Ridge:
    """Effects of single genes that add up (Bayesian ridge regression, by scikit-learn)."""

    def fit(self, rows: Floats, values: Floats) -> Self:
        """Learn from `rows` (N, features) and their `values` (N,)."""
        from sklearn.linear_model import BayesianRidge  # scikit-learn takes a second to import

        self._model = BayesianRidge().fit(rows, values)
        return self

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each row's value, its noise included, (N,) both."""
        mean, deviation = self._model.predict(rows, return_std=True)
        return mean, deviation


REGRESSIONS: Mapping[SurrogateName, Callable[[], Regression]] = {
    SurrogateName.GAUSSIAN_PROCESS: GaussianProcess,
    SurrogateName.RIDGE: Ridge,
}


@cache
def thread_pools() -> "ThreadpoolController":
    """The thread pools of the linear algebra here; with `limit(limits=1)` its sums have one order on every machine."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
