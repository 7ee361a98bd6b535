"""The penalty and the box of a fit as arrays, one value a coefficient, whatever it was called.

    pen(b) = sum_j l1_j |b_j| + 1/2 sum_j l2_j b_j^2    on the box    lower_j <= b_j <= upper_j

Penalty factors, bounds, elastic net, standardisation and "none" are all values of these arrays.
"""

from typing import NamedTuple

import numpy as np


class Penalty(NamedTuple):
    """l1, l2 >= 0 and lower <= upper; each a number for all coefficients or an array (p,).

    Of many classes, bounds may have shape (K, p).
    """

    l1: float | np.ndarray = 0.0
    l2: float | np.ndarray = 0.0
    lower: float | np.ndarray = -np.inf
    upper: float | np.ndarray = np.inf

    @classmethod
    def of(cls, alpha, l1_ratio=0.0, factor=None, bounds=None, scale=None):
        """The penalty ``alpha * sum_j f_j (l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2)``.

        `scale` (p,) holds the columns' standard deviations where the penalty counts coefficients of
        standardised columns, ``scale_j b_j``.
        """
        if factor is None and bounds is None and scale is None:
            return cls(float(alpha * l1_ratio), float(alpha * (1.0 - l1_ratio)))
        factor = 1.0 if factor is None else factor
        scale = 1.0 if scale is None else scale
        lower, upper = (-np.inf, np.inf) if bounds is None else bounds
        l1 = alpha * l1_ratio * factor * scale
        l2 = alpha * (1.0 - l1_ratio) * factor * scale * scale
        return cls(_plain(l1), _plain(l2), _plain(lower), _plain(upper))

    @property
    def smooth(self):
        """Whether neither absolute values nor bounds are in it: a ridge, or nothing."""
        return not (any_of(self.l1) or self.bounded)

    @property
    def bounded(self):
        """Whether any bound is finite."""
        return any_of(self.lower > -np.inf) or any_of(self.upper < np.inf)

    def arrays(self, p):
        """The four values as float64 arrays of length p."""
        return tuple(
            np.ascontiguousarray(np.broadcast_to(v, p)) if isinstance(v, np.ndarray)
            else np.full(p, v, dtype=np.float64)
            for v in self
        )  # fmt: skip

    def of_columns(self, columns):
        """The penalty of some columns alone."""
        if not any(isinstance(v, np.ndarray) for v in self):
            return self
        return Penalty(*(v[columns] if isinstance(v, np.ndarray) else v for v in self))

    def times(self, scale):
        """The same penalty of an objective that is multiplied by `scale`."""
        return Penalty(self.l1 * scale, self.l2 * scale, self.lower, self.upper)

    @property
    def bare(self):
        """Which coefficients no penalty draws to zero, or the box keeps from it."""
        return (self.l1 == 0) | (self.lower > 0) | (self.upper < 0)

    def value(self, coef):
        """pen(coef), the box left aside."""
        return _weighted(self.l1, np.abs(coef)) + 0.5 * _weighted(self.l2, coef * coef)


def _weighted(weights, values):
    """Sum of the weights, or the one that all share, times the values."""
    if isinstance(weights, np.ndarray):
        return float(np.sum(weights * values))
    return weights * float(values.sum()) if weights else 0.0


def any_of(value):
    """Whether an entry is not zero; a call of NumPy's costs as much as a small fit's step."""
    return bool(value.any()) if isinstance(value, np.ndarray) else bool(value)


def _plain(value):
    """A float where all entries are the same."""
    if isinstance(value, float):
        return float(value)
    value = np.asarray(value, dtype=np.float64)
    if value.ndim == 0:
        return float(value)
    return float(value.flat[0]) if value.size and (value == value.flat[0]).all() else value
