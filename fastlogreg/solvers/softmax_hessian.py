"""The Hessian of a softmax loss, of all parameters or those in work."""

import numpy as np

from fastlogreg import design
from fastlogreg._kernels.core import Problem, padded, symmetrise


def working_hessian(objective, proba, some):
    """The loss' Hessian of some flat parameters, (class, column) pairs.

    With t_i the products pi_ik x_ij it is sum_i s_i pi_ik x_ij x_im within a class less
    sum_i s_i t_i t_i': one Gram matrix a class and one of all, however many classes.  Within a
    class that is pi_ik (1 - pi_ik), 1 - pi_ik a sum, as a difference has no digits on sure rows.
    Intercepts get the curvature that shifts of them lack, so that a step leaves their sum alone.
    """
    o, count = objective, len(some)
    column, row = some % o.q, o.free[some // o.q]
    real = np.unique(column[column < o.p])
    at = np.searchsorted(real, column)  # intercepts come last
    weight = np.ones(o.n) if o.weight is None else o.weight
    hessian, upper = np.zeros((count, count)), np.empty((padded(count),) * 2)
    block = max(256, int(4e6) // (count + 1))
    for begin in range(0, o.n, block):
        rows = slice(begin, min(begin + block, o.n))
        X = _dense_columns(o, rows, real)
        products = X[:, at] * proba[row, rows].T
        _gram(products, weight[rows], upper, o.n_threads)
        for k in np.unique(row):
            mine = np.flatnonzero(row == k)
            within = np.empty((padded(len(mine)),) * 2)
            others = np.delete(proba[:, rows], k, axis=0).sum(axis=0)
            _gram(X[:, at[mine]], weight[rows] * proba[k, rows] * others, within, 1)
            upper[np.ix_(mine, mine)] = -within[: len(mine), : len(mine)]
        hessian -= upper[:count, :count]
    o.passes += count / (2.0 * o.q)
    full = np.empty((count, count))
    symmetrise(hessian, 1.0 / o.total_weight, np.zeros(count), full)
    if not np.isfinite(full.diagonal()).all():
        raise FloatingPointError("squares of the columns overflow")
    if o.reference_class is None:
        where = np.flatnonzero(column >= o.p)
        if len(where):
            full[np.ix_(where, where)] += full[where, where].mean()
    return full


def _gram(values, weight, upper, n_threads):
    """Upper triangle of values' diag(weight) values."""
    matrix = design.as_matrix(np.ascontiguousarray(values))
    Problem(matrix, None, None, None, False).gram(np.ascontiguousarray(weight), upper, n_threads)


def _dense_columns(objective, rows, columns):
    """Some columns of a block of rows as float64, and ones behind them."""
    X = objective.X[rows]
    if design.is_sparse(X):
        X = design.pick_columns(X, columns).toarray() if len(columns) else np.empty((X.shape[0], 0))
    else:
        X = np.asarray(X)[:, columns]
    return np.column_stack([X, np.ones(len(X))]).astype(np.float64, copy=False)


def newton_step(objective, g, proba):
    """(d, g + H d) of Newton's step from the whole Hessian; what it leaves undecided stays.

    Its eigenvalues below rounding count as none: equal columns, shifts of all classes.
    """
    hessian = working_hessian(objective, proba, np.arange(g.size)) + np.diag(objective.ridge)
    unit = np.sqrt(np.where(hessian.diagonal() > 0, hessian.diagonal(), 1.0))
    inverse = np.linalg.pinv(hessian / unit / unit[:, None], 1e-13, hermitian=True)
    d, left = np.zeros_like(g), g
    for _ in range(3):  # again for what rounding left of the first
        move = -inverse @ (left / unit) / unit
        d = d + move
        left = left + objective.curved_product(proba, move)
    return d, left
