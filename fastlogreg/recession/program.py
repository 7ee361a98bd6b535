"""The linear program of last resort: a direction along which as much as possible rises.

    maximise  sum_i sign_i x_i . v    subject to    sign_i x_i . v >= 0,    -1 <= v_j max|x_j| <= 1

Its optimum is zero if and only if there is no direction.  Rows enter as they are found violated, so
that tall data cost small programs.

Reference: Konis, "Linear programming algorithms for detecting separated data in binary logistic
regression models" (2007).
"""

import numpy as np

from fastlogreg import design

FIRST = 400  # rows of the first program
MORE = 200  # rows added a round, at most
ROUNDS = 60
LARGEST = 30_000_000  # entries of rows that all enter at once, and no rounds are made


def best_direction(system, alive):
    """The program's v over the rows of a mask, in floating point; None if HiGHS finds none."""
    scale = np.where(system.largest > 0.0, system.largest, 1.0)
    hard = np.flatnonzero(alive & (system.sign != 0.0))
    soft = np.flatnonzero(alive & (system.sign == 0.0))
    target = np.where(alive, system.sign, 0.0)
    gain = system.objective.gather(target) / scale
    gain /= max(np.abs(gain).max(initial=0.0), 1e-300)
    equal = _rows(system, soft, scale)
    chosen = (
        hard if len(hard) <= 2 * FIRST else hard[np.linspace(0, len(hard) - 1, FIRST).astype(int)]
    )
    for _ in range(ROUNDS):
        v = maximise(gain, _signed(_rows(system, chosen, scale), system.sign[chosen]), equal)
        if v is None or len(chosen) == len(hard):
            break
        margins = system.margins(v / scale)
        violated = hard[margins[hard] < -1e-9]
        if violated.size == 0:
            break
        order = np.argsort(margins[violated], kind="stable")[:MORE]
        chosen = np.union1d(chosen, violated[order])
    else:
        return None
    return None if v is None else v / scale


def _rows(system, rows, scale):
    """Scaled rows, intercept included, each with a largest entry of 1."""
    picked = design.pick_rows(system.X, rows)
    if design.is_sparse(picked):
        from scipy import sparse

        if system.intercept:
            picked = sparse.hstack([picked, np.ones((len(rows), 1))], format="csr")
        picked = picked.astype(float) @ sparse.diags_array(1.0 / scale)
        size = abs(picked).max(axis=1).toarray().reshape(-1)
        return sparse.diags_array(1.0 / np.where(size > 0, size, 1.0)) @ picked
    if system.intercept:
        picked = np.hstack([picked, np.ones((len(rows), 1))])
    picked = picked / scale
    size = np.abs(picked).max(axis=1, initial=0.0)
    return picked / np.where(size > 0, size, 1.0)[:, None]


def _signed(rows, sign):
    if design.is_sparse(rows):
        from scipy import sparse

        return sparse.diags_array(sign) @ rows
    return sign[:, None] * rows


def maximise(gain, rising, equal=None, limit=1.0):
    """argmax of gain . v with rising v >= 0, equal v = 0, |v| <= limit; None on failure."""
    from scipy.optimize import linprog

    some = equal is not None and equal.shape[0] > 0
    answer = linprog(
        -gain,
        A_ub=-rising if rising.shape[0] else None,
        b_ub=np.zeros(rising.shape[0]) if rising.shape[0] else None,
        A_eq=equal if some else None,
        b_eq=np.zeros(equal.shape[0]) if some else None,
        bounds=(-limit, limit),
        method="highs",
    )
    return answer.x if answer.status == 0 else None
