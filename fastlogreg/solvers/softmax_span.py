"""Many classes with a ridge and more columns than rows: solved in the span of the rows.

With X X' = U diag(s) U' the coefficients lie in the rows' span, w_k = X' U diag(s)^(-1/2) v_k, and
the scores are U diag(s)^(1/2) v_k and ||w_k|| = ||v_k||: the same problem with at most n columns.
What comes out is a start on all columns, so close that the certificate there is all that is left.

Reference: Hastie & Tibshirani, "Efficient quadratic regularization for expression arrays" (2004).
"""

import numpy as np

from fastlogreg import design
from fastlogreg._kernels.core import Problem, Softmax, padded, symmetrise
from fastlogreg.softmax import SoftmaxObjective

MOST_ROWS = 1500


def serves(objective):
    """Whether this way is open, and shorter: dense, one ridge for all, few rows."""
    o = objective
    one_ridge = isinstance(o.penalty.l2, float) and o.penalty.l2 > 0.0
    return o.matrix.layout in ("C", "F") and one_ridge and o.p > o.n and o.n <= MOST_ROWS


def solve_in_span(objective, theta, solver, tol, max_iter, watch):
    """(theta, iterations): the solver's solution on at most n columns, on all of them.

    It starts from what of theta lies in the span.
    """
    o, n = objective, objective.n
    columns = o.matrix.transposed()
    upper, products = np.empty((padded(n),) * 2), np.empty((n, n))
    Problem(columns, None, None, None, False).gram(None, upper, o.n_threads)
    symmetrise(upper, 1.0, np.zeros(n), products)
    if not np.isfinite(products).all():
        raise FloatingPointError("squares of the rows overflow")
    size, vectors = np.linalg.eigh(products)
    keep = size > size[-1] * n * np.finfo(float).eps
    size, vectors = np.sqrt(size[keep]), vectors[:, keep]
    scores = np.ascontiguousarray(vectors * size)
    inner = SoftmaxObjective(
        scores, design.as_matrix(scores), o.y, o.K, o.weight, o.offset, o.fit_intercept, o.penalty,
        o.n_threads, o.reference_class,
    )  # fmt: skip
    start = _within(o, theta, size, vectors)
    solution = solver(inner, start, tol, max_iter, watch)
    o.passes += 2.0 + inner.passes * inner.q / o.q
    v = solution.theta.reshape(len(o.free), inner.q)
    theta, out = np.zeros((len(v), o.q)), np.empty((o.p, len(v)))
    across = np.ascontiguousarray((v[:, : inner.p] / size) @ vectors.T)
    Softmax(columns, len(v), None, None, None, False).predict(across, out, False, o.n_threads)
    theta[:, : o.p], theta[:, o.p :] = out.T, v[:, inner.p :]
    return theta.ravel(), solution.n_iter


def _within(objective, theta, size, vectors):
    """The parameters on the span's columns whose scores are nearest to those of theta."""
    o = objective
    theta = theta.reshape(len(o.free), o.q)
    start = np.zeros((len(theta), len(size) + o.fit_intercept))
    start[:, len(size) :] = theta[:, o.p :]
    coef = np.ascontiguousarray(theta[:, : o.p])
    if coef.any():
        score = np.empty((o.n, len(theta)))
        plain = Softmax(o.matrix, len(theta), None, None, None, False)
        plain.predict(coef, score, False, o.n_threads)
        o.passes += 0.5
        start[:, : len(size)] = ((vectors.T @ score) / size[:, None]).T
    return start.ravel()
