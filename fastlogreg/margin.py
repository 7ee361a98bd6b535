"""What the limit of an unpenalised fit on separated data is: the widest margin, and the loss there.

With the losses of logistic regression, coefficients of ever smaller ridge penalty, or of ever more
gradient descent, turn towards the direction whose least margin is the widest: a support vector
machine's with hard margins (Soudry et al., "The implicit bias of gradient descent on separable
data", 2018).  It is found here as the point of least norm in a polyhedron, by non-negative least
squares (Lawson & Hanson, "Solving least squares problems", 1974, chapter 23), rows entering as they
are found violated and the intercept, which is free, by the proximal point method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import core, design
from fastlogreg import validation as valid
from fastlogreg.functions import decision_function, log_loss
from fastlogreg.recession import exact
from fastlogreg.recession.words import SHOWN
from fastlogreg.separation import check_separation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fastlogreg.annotations import MatrixLike

FIRST, MORE, ROUNDS = 60, 40, 200
SLACK = 1e-9  # of a margin of 1, that counts as reached
STEPS = 60  # of the proximal point method
FARTHEST = 40.0  # least margin that the default slopes go to


@dataclass(frozen=True, eq=False)
class SeparationCurve:
    """The loss along the direction of widest margin, from `separation_curve`.

    Attributes
    ----------
    slopes : ndarray of shape (m,)
        Multiples of the direction.
    losses : ndarray of shape (m,)
        Weighted mean loss at ``coef + slope * direction``: it falls for ever, towards `limit`.
    direction : ndarray of shape (p,)
        Coefficients of norm 1 along which the rows of `Separation.rows` have the widest margin, and
        along which the others do not move.
    direction_intercept : float
        Its intercept.
    margin : float
        The least ``(2 y_i - 1) x_i . direction``, intercept included, among these rows: their least
        distance to the plane.
    support : ndarray of int
        Rows that lie at that distance.
    coef : ndarray of shape (p,)
        The finite part: the best coefficients of the rows that do not move; zero if all do.
    intercept : float
        Its intercept.
    limit : float
        The loss that is approached and never reached.
    names : tuple of str
        Names of the columns: those of a data frame, or x0, x1, ...

    References
    ----------
    Rosset, Zhu & Hastie, "Boosting as a regularized path to a maximum margin classifier", J. Mach.
    Learn. Res. 5 (2004).

    Examples
    --------
    >>> from fastlogreg import separation_curve
    >>> curve = separation_curve([[1.0], [2.0], [4.0], [5.0]], [0, 0, 1, 1])
    >>> round(curve.margin, 9), curve.support.tolist(), curve.limit
    (1.0, [1, 2], 0.0)
    >>> print(separation_curve([[1.0], [2.0], [4.0], [5.0]], [0, 0, 1, 1], slopes=[0, 10]))
    the mean loss falls for ever: 0.6931 at slope 0, 2.27e-05 at slope 10, towards 0
    direction of widest margin (1, that of 2 rows): 1 x0
    """

    slopes: np.ndarray
    losses: np.ndarray
    direction: np.ndarray
    direction_intercept: float
    margin: float
    support: np.ndarray
    coef: np.ndarray
    intercept: float
    limit: float
    names: tuple

    def __str__(self):
        falls = ", ".join(
            f"{self.losses[at]:.4g} at slope {self.slopes[at]:.4g}"
            for at in ((0, -1) if len(self.slopes) > 1 else range(len(self.slopes)))
        )
        order = np.argsort(-np.abs(self.direction), kind="stable")[
            : np.count_nonzero(self.direction)
        ]
        parts = [f"{self.direction[j]:.3g} {self.names[j]}" for j in order[:SHOWN]]
        more = f", ... ({len(order) - SHOWN} more)" if len(order) > SHOWN else ""
        return (
            f"the mean loss falls for ever: {falls}, towards {self.limit:.4g}\n"
            f"direction of widest margin ({self.margin:.4g}, that of {len(self.support)} rows): "
            f"{', '.join(parts)}{more}"
        )


def separation_curve(
    X: MatrixLike, y: ArrayLike, slopes: ArrayLike | None = None, *,
    sample_weight: ArrayLike | None = None, fit_intercept: bool = True,
) -> SeparationCurve:  # fmt: skip
    """The loss of separated classes as a function of how steep the curve is.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data. Margins are in its units: scale the columns if they should count alike.
    y : array-like of shape (n,)
        0/1, booleans, -1/+1, or probabilities in [0, 1].
    slopes : array-like of shape (m,), default=None
        Slopes >= 0; None for 0 and 60 more, up to a least margin of 40.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0.
    fit_intercept : bool, default=True
        Whether the model has an intercept.

    Returns
    -------
    SeparationCurve
        Slopes, losses, the direction and its margin.

    Raises
    ------
    ValueError
        If the classes overlap, so that a best slope exists, or there is only one class.

    References
    ----------
    Rosset, Zhu & Hastie, "Boosting as a regularized path to a maximum margin classifier", J. Mach.
    Learn. Res. 5 (2004).

    Examples
    --------
    >>> import numpy as np
    >>> from fastlogreg import separation_curve
    >>> x = np.arange(1.0, 7.0)[:, None]
    >>> curve = separation_curve(x, [0, 0, 0, 1, 1, 1], slopes=[1, 10, 40])
    >>> curve.direction.round(9).tolist(), round(curve.direction_intercept, 9)
    ([1.0], -3.5)
    >>> curve.losses.tolist() == sorted(curve.losses, reverse=True)
    True
    """
    verdict = check_separation(X, y, sample_weight=sample_weight, fit_intercept=fit_intercept)
    if not verdict.separated or not verdict.maximal:
        raise ValueError(f"separation_curve needs separated classes, but {verdict}")
    if not verdict.direction.any():
        raise ValueError("separation_curve needs rows of two classes, got rows of one")
    names = tuple(valid.column_names(X, len(verdict.direction)))
    if not design.is_sparse(X):
        X = np.asarray(X, dtype=float)
    y = verdict._targets(y).astype(float)
    coef, intercept, margin, margins = _widest(verdict, X, y)
    if slopes is None:
        slopes = np.append(0.0, np.geomspace(0.05, FARTHEST, 60) / margin)
    slopes = np.asarray(slopes, dtype=float)
    if slopes.ndim != 1 or not np.isfinite(slopes).all() or slopes.min(initial=0.0) < 0.0:
        raise ValueError(f"slopes must be one-dimensional, finite and >= 0, got {slopes!r}")
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    still = weight > 0.0
    still[verdict.rows] = False
    base, base_intercept, limit = _finite_part(X, y, weight, still, fit_intercept)
    score = decision_function(X, base, base_intercept)
    change = decision_function(X, coef, intercept)
    losses = [log_loss(y, score + slope * change, sample_weight=weight) for slope in slopes]
    support = verdict.rows[margins <= margin * (1.0 + 1e-6)]
    return SeparationCurve(
        slopes, np.array(losses), coef, intercept, margin, support, base, base_intercept, limit,
        names,
    )  # fmt: skip


def _finite_part(X, y, weight, still, fit_intercept):
    """(coef, intercept, loss per total weight) of the rows that no direction moves."""
    if not still.any():
        return np.zeros(X.shape[1]), 0.0, 0.0
    rows = np.flatnonzero(still)
    part = core.fit(
        design.pick_rows(X, rows), y[rows], sample_weight=weight[rows],
        fit_intercept=fit_intercept, tol=1e-12,
    )  # fmt: skip
    return part.coef, part.intercept, part.objective * float(weight[rows].sum() / weight.sum())


def _widest(verdict, X, y):
    """(coef of norm 1, intercept, margin, margins of verdict.rows) of the widest margin."""
    p = X.shape[1]
    vectors = np.stack([exact.to_floats(v, p + 1) for v in verdict._exact[1].values()], axis=1)
    used = np.flatnonzero(vectors.any(axis=1))
    values = exact.dense_columns(X, used.tolist(), verdict.rows)
    products = np.where(y[verdict.rows] > 0.5, 1.0, -1.0)[:, None] * (values @ vectors[used])
    # coordinates in which the norm is that of the coefficients, and the intercept is cheap
    norm = vectors.copy()
    norm[p] /= np.abs(values).max()
    triangle = np.linalg.qr(norm, mode="r")
    products = np.linalg.solve(triangle.T, products.T).T
    coordinates = np.linalg.solve(triangle.T, vectors.T).T
    free = np.zeros((len(triangle), 0))
    alone = np.flatnonzero(~vectors[:p].any(axis=0))
    if alone.size:  # the intercept is one of the vectors: it costs nothing
        free = triangle[:, alone] / np.linalg.norm(triangle[:, alone])
    start = np.linalg.lstsq(coordinates[:p], verdict.direction, rcond=None)[0]
    if alone.size:
        start += free[:, 0] * (
            (verdict.direction_intercept - coordinates[p] @ start) / (coordinates[p] @ free[:, 0])
        )
    z = _least_norm(products, free, start)
    direction = coordinates @ z
    length = np.linalg.norm(direction[:p])
    margins = products @ z / length
    direction /= length
    return direction[:p], float(direction[p]), float(margins.min()), margins


def _least_norm(rows, free, start):
    """The shortest z, its part along `free` not counted, with rows z >= 1.

    By least squares on the rows that matter, and by steps of the proximal point method for `free`.
    """
    z = start / np.abs((rows @ start).min())
    n = len(rows)
    chosen = np.unique(np.append(np.argsort(rows @ z)[:FIRST], np.linspace(0, n - 1, min(n, 20))))
    for _ in range(ROUNDS):
        chosen = chosen.astype(int)
        z = _solve(rows[chosen], free, z)
        margins = rows @ z
        violated = np.flatnonzero(margins < 1.0 - SLACK)
        violated = np.setdiff1d(violated, chosen)
        if violated.size == 0:
            return z / margins.min()
        order = np.argsort(margins[violated], kind="stable")[:MORE]
        chosen = np.union1d(chosen, violated[order])
    raise RuntimeError("the widest margin was not found: rows kept entering the problem")


def _solve(rows, free, z):
    """`_least_norm` for few rows; z is a guess."""
    from scipy.optimize import nnls

    r = rows.shape[1]
    size = np.linalg.norm(rows, axis=1).max()
    for _ in range(STEPS):
        kept = free @ (free.T @ z)
        unit = max(np.linalg.norm(z - kept) * size, 1e-300)
        # y = (z - kept) size / unit, of about unit length: rows y / size >= (1 - rows kept) / unit
        E = np.vstack([rows.T / size, (1.0 - rows @ kept) / unit])
        u, _ = nnls(E, np.append(np.zeros(r), 1.0), maxiter=100 * len(rows))
        left = E @ u
        left[r] -= 1.0
        if not left[r] < 0.0:
            break
        z = kept - left[:r] / left[r] * (unit / size)
        binding, certain = _binding(rows[u > 1e-10 * u.max(initial=0.0)], free)
        if certain and (rows @ binding).min() >= 1.0 - SLACK:
            return binding
    return z


def _binding(rows, free):
    """(shortest z with rows z = 1, whether no row would rather let go)."""
    m, r = rows.shape
    cost = np.eye(r) - free @ free.T
    system = np.block([[cost, -rows.T], [rows, np.zeros((m, m))]])
    solution = np.linalg.lstsq(system, np.append(np.zeros(r), np.ones(m)), rcond=None)[0]
    force = solution[r:]
    return solution[:r], force.min(initial=0.0) >= -1e-9 * np.abs(force).max(initial=1.0)
