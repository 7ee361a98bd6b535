"""What of a model decides whether it has an estimate, and its parameters as those of a system."""

from typing import NamedTuple

import numpy as np

from fastlogreg import design
from fastlogreg import validation as valid
from fastlogreg.recession import system


class Model(NamedTuple):
    """What of a model decides whether it has an estimate, besides the data.

    K : number of classes of a softmax, None for a binary model
    kept : columns that can run off: neither penalised nor held by bounds on both sides
    side : (K or 1, p + 1) +1 where a bound lets a parameter only grow, -1 only fall, 0 both
    dropped : columns left out because they are combinations of others
    reference : class of a softmax whose parameters are zero, None for a mean of zero
    digits : (p,) decimal places of columns that are read as decimals, see `decimal_places`
    """

    K: int | None
    p: int
    fit_intercept: bool
    kept: np.ndarray
    side: np.ndarray
    dropped: tuple = ()
    digits: np.ndarray | None = None
    reference: int | None = None

    @classmethod
    def of(cls, p, fit_intercept, penalised=None, bounds=None, K=None, reference=None):
        """The `Model` of a fit; `penalised` (p,) tells the columns that a penalty holds."""
        rows = 1 if K is None else K
        free = np.ones(p, dtype=bool) if penalised is None else ~penalised
        lower, upper = np.full((rows, p), -np.inf), np.full((rows, p), np.inf)
        if bounds is not None:
            lower[:], upper[:] = valid.check_bounds(bounds, p, K)
        below, above = lower > -np.inf, upper < np.inf
        held = (below & above).all(axis=0)
        if ((below & above).any(axis=0) != held).any():
            raise ValueError(
                "bounds on both sides must hold for all classes of a column, or for none"
            )
        side = np.zeros((rows, p + 1), dtype=int)
        side[:, :p] = np.where(held, 0, below.astype(int) - above.astype(int))
        kept = np.flatnonzero(free & ~held)
        return cls(K, p, bool(fit_intercept), kept, side, reference=reference)

    @property
    def q(self):
        """Parameters of a class that can run off."""
        return len(self.kept) + self.fit_intercept

    def without(self, columns):
        """The same without some columns."""
        return self._replace(kept=np.setdiff1d(self.kept, columns), dropped=tuple(columns))

    def kept_column(self, position):
        """The data's column for a position in a class' parameters; p for the intercept."""
        position %= self.q
        return self.p if position == len(self.kept) else int(self.kept[position])

    def system(self, X, y, weight, offset, n_threads):
        """The `system.System` of data."""
        X = X if self.digits is None else _times_powers_of_ten(X, self.digits)
        columns = [*self.kept.tolist(), *([self.p] if self.fit_intercept else [])]
        side = self.side[:, columns]
        if self.K is None:
            return system.binary(
                X, y, weight, offset, self.fit_intercept, n_threads, self.kept, side[0]
            )
        if len(self.kept) < self.p:
            X = design.pick_columns(X, self.kept)
        return system.softmax(X, y, weight, self.fit_intercept, n_threads, side)

    def parameters(self, coef, intercept):
        """Coefficients and intercepts of a fit as a point of the system."""
        theta = np.asarray(coef, dtype=float)[..., self.kept]
        if self.fit_intercept:
            last = np.asarray(intercept, dtype=float).reshape(*theta.shape[:-1], 1)
            theta = np.concatenate([theta, last], axis=-1)
        return theta if self.K is None else (theta[:-1] - theta[-1]).reshape(-1)

    def whole(self, v):
        """A vector of the system as one of all parameters: {(class, position): value}, exact.

        The classes of a softmax are counted from their mean or the reference, as a fit does.
        """
        out = {}
        for position, value in v.items():
            j = self.kept_column(position)
            if self.digits is not None and j < self.p:
                value = value * 10 ** int(self.digits[j])
            out[position // self.q, j] = value
        if self.K is None or self.side.any():
            return out
        for j in {j for _, j in out}:
            if self.reference is None:
                zero = sum(out.get((k, j), 0) for k in range(self.K)) / self.K
            else:
                zero = out.get((self.reference, j), 0)
            for k in range(self.K):
                out[k, j] = out.get((k, j), 0) - zero
        return {place: value for place, value in out.items() if value}

    def arrays(self, direction):
        """An exact vector as (coef, intercept), the largest entry 1."""
        whole = self.whole(direction)
        size = max(map(abs, whole.values()), default=1)
        out = np.zeros((self.K or 1, self.p + 1))
        for place, value in whole.items():
            out[place] = float(value / size)
        if self.K is None:
            return out[0, :-1], float(out[0, -1])
        return out[:, :-1], out[:, -1]


def decimal_places(X):
    """How many places (at most 9) write each column as decimals; None if integers, or none do.

    A column like 0.1, 0.2, 0.3 has ties with other columns only as decimals: the binary numbers
    nearest to these are off by their rounding.
    """
    if design.is_sparse(X):
        return None
    places = np.zeros(X.shape[1], dtype=int)
    for j in range(X.shape[1]):
        x = X[:, j]
        for digits in range(10):
            scaled = np.rint(x * 10.0**digits)
            if np.abs(scaled).max() >= 2.0**53:
                break
            if ((scaled / 10.0**digits).astype(X.dtype) == x).all():
                places[j] = digits
                break
    return places if places.any() else None


def _times_powers_of_ten(X, digits):
    """X with columns of decimals as integers."""
    factor = 10.0**digits
    scaled = X.astype(float)
    some = digits > 0
    scaled[:, some] = np.rint(scaled[:, some] * factor[some])
    return scaled
