"""The proofs of a `Separation` made again in NumPy and rational numbers, without the kernels."""

import numpy as np

from fastlogreg.recession import exact
from fastlogreg.recession.stiemke import CURVED, LEAST, overlap

ITERATIONS = 30


def rising_rows(X, sign, alive, direction):
    """The rows that an exact direction raises (mask); None if it lowers one."""
    product = exact.signs(X, direction) if direction else np.zeros(X.shape[0])
    if product is None:
        return None
    if (product[alive] * sign[alive] < 0.0).any() or product[alive & (sign == 0.0)].any():
        return None
    return alive & (product * sign > 0.0)


def facts(X, sign, alive, weight, intercept, direction, span, collinear, point):
    """The rows that the direction raises, if all else is proved too; None if not.

    X, `sign`, `weight` and the mask `alive` are those of a `system.System`.  Proved are: the
    direction lowers no row; the rows that it does not raise overlap, so that no direction raises
    them; the exact vectors of `span` leave these rows alone and are as many as the directions that
    do.  `point` holds coefficients near the best ones for the rows that are tied.
    """
    rising = rising_rows(X, sign, alive, direction)
    if rising is None:
        return None
    tied = alive & ~rising
    used = [j for j in range(X.shape[1] + intercept) if j not in collinear]
    kept = [j for j in used if j not in span]
    for j, v in span.items():
        if v.get(j) != 1 or not set(v) <= {j, *kept} or not _vanishes(X, v, tied):
            return None
    if not _independent(X, alive, used, collinear, tied.any()):
        return None
    if tied.any() and not _overlap(X, sign, tied, weight, kept, point):
        return None
    return rising


def _vanishes(X, v, rows):
    outcome = exact.signs(X, v, rows)
    return outcome is not None and not outcome.any()


def _independent(X, rows, used, collinear, tied):
    """Whether the columns used are independent and span the collinear ones, to rounding.

    Where no row is tied nothing follows from independence, and it is asked for only if columns
    other than zeros are called collinear.
    """
    if not used:
        return True
    if not tied and all(not exact.dense_columns(X, [j], rows).any() for j in collinear):
        return True
    values = exact.dense_columns(X, used, rows)
    scale = np.linalg.norm(values, axis=0)
    if not scale.all():
        return False
    left, singular, _ = np.linalg.svd(values / scale, full_matrices=False)
    if len(singular) < len(used) or singular[-1] < 1e-13:
        return False
    for j in collinear:
        column = exact.dense_columns(X, [j], rows)[:, 0]
        size = np.linalg.norm(column)
        for _ in range(2):
            column = column - left @ (left.T @ column)
        if np.linalg.norm(column) > 1e-8 * size:
            return False
    return True


def _overlap(X, sign, tied, weight, kept, point):
    """Whether Newton's method, from the point, comes to a strictly positive dual point."""
    rows = np.flatnonzero(tied)
    values = exact.dense_columns(X, kept, rows)
    sign = sign[rows]
    weight = np.ones(len(rows)) if weight is None else weight[rows]
    target = np.where(sign > 0.0, 1.0, np.where(sign < 0.0, 0.0, 0.5))
    scale = np.abs(values).max(axis=0, initial=0.0)
    if not scale.all():
        return False
    values = values / scale
    starts = [np.zeros(len(kept))] if point is None else [point[kept] * scale, np.zeros(len(kept))]
    return any(_newton_proves(values, sign, target, weight, theta) for theta in starts)


def _newton_proves(values, sign, target, weight, theta):
    """Whether a step of Newton's method from theta on proves that rows overlap."""

    def loss(theta):
        z = values @ theta
        return float(weight @ (np.logaddexp(0.0, z) - target * z))

    before = loss(theta)
    for _ in range(ITERATIONS):
        z = values @ theta
        share = np.maximum(_expit(np.where(sign == 0.0, z, -sign * z)), LEAST)
        residual = weight * np.where(sign == 0.0, share - 0.5, -sign * share)
        curvature = weight * share * (1.0 - share)
        moving = np.where(curvature < CURVED * weight, 0.0, curvature)
        step = _newton_step(values, moving, residual)
        if step is None:
            return False
        moved = residual + moving * (values @ step)
        alpha = np.where(sign == 0.0, moved, -sign * moved)
        if overlap(values, sign, alpha, list(range(len(theta)))):
            return True
        size = 1.0
        while loss(theta + size * step) > before and size > 1e-8:
            size *= 0.5
        theta = theta + size * step
        before = loss(theta)
    return False


def _newton_step(values, curvature, residual):
    """-(X' diag(curvature) X)^{-1} X' residual by a QR decomposition; None if it is singular."""
    if not values.shape[1]:
        return np.zeros(0)
    factor = np.linalg.qr(np.sqrt(curvature)[:, None] * values, mode="r")
    if factor.shape[0] < values.shape[1] or not np.abs(factor.diagonal()).min() > 0.0:
        return None
    gradient = values.T @ residual
    return -np.linalg.solve(factor, np.linalg.solve(factor.T, gradient))


def _expit(z):
    return np.exp(-np.logaddexp(0.0, -z))
