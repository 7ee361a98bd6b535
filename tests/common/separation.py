"""Separation by other means: an independent verdict, and small sets that R packages come with.

`cone` decides by linear programming, written for these tests alone: one program says which rows can
be raised, ranks say which coefficients run off, two programs each say with which signs.
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

SETS = json.loads(
    (Path(__file__).parents[1] / "data" / "separated_sets.json").read_text(encoding="utf-8")
)


def load(name):
    found = SETS[name]
    return np.array(found["X"], dtype=float), np.array(found["y"]), found["columns"]


# ---------------------------------------------------------------------- an independent verdict


def cone(A, held, functionals):
    """(kind, {key: sign}) for directions v with A v >= 0 and held v >= 0, by linear programming."""
    n, q = A.shape
    slack = linprog(
        np.append(np.zeros(q), -np.ones(n)),
        A_ub=np.vstack([np.hstack([-A, np.eye(n)]), np.hstack([-held, np.zeros((len(held), n))])]),
        b_ub=np.zeros(n + len(held)), bounds=[(None, None)] * q + [(0, 1)] * n, method="highs",
    )  # fmt: skip
    raised = slack.x[q:] > 0.5
    signs = {}
    if raised.any():
        rows = np.vstack([A, held])
        for key, values in functionals.items():
            ends = [
                values @ linprog(-s * values, A_ub=-rows, b_ub=np.zeros(len(rows)),
                                 bounds=(-1, 1), method="highs").x
                for s in (1, -1)
            ]  # fmt: skip
            if ends[0] > 1e-6 or ends[1] < -1e-6:
                signs[key] = int(ends[0] > 1e-6) - int(ends[1] < -1e-6)
    kind = "overlap" if not raised.any() else "complete" if raised.all() else "quasi-complete"
    return kind, signs


def with_ones(X, intercept):
    return np.hstack([X, np.ones((len(X), 1))]) if intercept else X


def binary_cone(X, y, intercept, held=None):
    Z = with_ones(X, intercept)
    names = [*range(X.shape[1]), "intercept"][: Z.shape[1]]
    held = np.zeros((0, Z.shape[1])) if held is None else held
    functionals = dict(zip(names, np.eye(len(names)), strict=True))
    return cone(Z * np.where(y == 1, 1, -1)[:, None], held, functionals)


def softmax_cone(X, y, K, intercept):
    Z = with_ones(X, intercept)
    q = Z.shape[1]
    rows = np.zeros((len(X), K, K, q))  # of row i against class k, the coefficients (K, q)
    for i, own in enumerate(y):
        rows[i, :, own] += Z[i]
        rows[i, np.arange(K), np.arange(K)] -= Z[i]
    rows = rows[np.arange(K) != y[:, None]].reshape(-1, K * q)
    functionals = {}
    for k in range(K):
        for j, name in enumerate([*range(X.shape[1]), "intercept"][:q]):
            centred = np.zeros((K, q))
            centred[:, j] = -1.0 / K
            centred[k, j] += 1.0
            functionals[k, name] = centred.ravel()
    return cone(rows, np.zeros((0, K * q)), functionals)


def full_rank(X, intercept):
    Z = with_ones(X, intercept)
    return np.linalg.matrix_rank(Z) == Z.shape[1]
