"""`GaussianProcess`: a regression on one-hot genes that says how sure it is, made for some tens of measurements."""

from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

Floats = NDArray[np.float64]

SHARES = (0.0, 0.5, 0.9)  # of the variance that adds up over genes; the rest is of genes that act together
REACHES = (0.15, 0.3, 0.6, 1.2)  # share of genes that must differ for the rest to have mostly changed
NOISES = (0.03, 0.1, 0.3, 0.7)  # variance that no gene explains, over the one that genes explain
LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class _Fit:
    """One choice of the weights, solved."""

    log_likelihood: float
    share: float
    reach: float
    factor: Floats  # (N, N), lower
    solved: Floats  # (N,)
    scale: float  # variance that genes explain


class GaussianProcess:
    """A sum of effects of single genes and of a kernel exp(-Hamming distance / reach), on genes as one-hot features.

    How much each part and the noise weigh is what a small grid finds most likely, the scale being profiled out
    (Rasmussen and Williams 2006, 2.2 and 5.4). The grid is our design: on a few points it is as good as a gradient,
    and needs no restarts. Not scikit-learn's, as this shares the distances between all points of the grid.
    """

    def fit(self, rows: Floats, values: Floats) -> Self:
        """Learn from `rows` (N, features) and their `values` (N,)."""
        self._rows, self._middle = rows, rows.mean(axis=0)
        self._genes = float(rows[0].sum())
        centred = rows - self._middle
        self._size = float((centred**2).sum(axis=1).mean()) or 1.0
        self._mean, self._deviation = float(values.mean()), float(values.std()) or 1.0
        standard = (values - self._mean) / self._deviation
        linear, apart = centred @ centred.T / self._size, self._apart(rows)
        fits = [
            _fit(share * linear + (1 - share) * np.exp(-apart / reach), standard, weights=(share, reach, noise))
            for share, reach, noise in product(SHARES, REACHES, NOISES)
        ]
        self._fit = max(fits, key=lambda fit: fit.log_likelihood)
        return self

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each row's value, without the noise of a measurement, (N,) both."""
        fit, centred = self._fit, rows - self._middle
        linear = centred @ (self._rows - self._middle).T / self._size
        near = fit.share * linear + (1 - fit.share) * np.exp(-self._apart(rows) / fit.reach)  # (N, known)
        known = solve_triangular(fit.factor, near.T, lower=True, check_finite=False)
        own = fit.share * (centred**2).sum(axis=1) / self._size + 1 - fit.share
        variance = fit.scale * np.maximum(own - (known**2).sum(axis=0), 0.0)
        return self._mean + self._deviation * (near @ fit.solved), self._deviation * np.sqrt(variance)

    def _apart(self, rows: Floats) -> Floats:
        """The share of genes in which each of `rows` differs from each known row, (N, known)."""
        apart: Floats = 1.0 - rows @ self._rows.T / self._genes
        return apart


def _fit(kernel: Floats, values: Floats, *, weights: tuple[float, float, float]) -> _Fit:
    """Solve for `values` (N,) under `kernel` (N, N) and the noise, which is the last of `weights`."""
    count, (share, reach, noise) = len(values), weights
    factor = cholesky(kernel + noise * np.eye(count), lower=True, check_finite=False)
    solved = cho_solve((factor, True), values, check_finite=False)
    scale = max(float(values @ solved) / count, LEAST)
    log_likelihood = -0.5 * count * np.log(scale) - float(np.log(np.diag(factor)).sum())
    return _Fit(log_likelihood, share, reach, factor, solved, scale)
