"""Problems for the statistics of a fit, and the same models in plain NumPy."""

import numpy as np
import pytest

import fastlogreg


def problem(classes, n=160, p=3, seed=0, weights=True, offset=True):
    """X, y as codes, and the arguments of a problem; the second column holds zeros and ones."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)) * np.array([1.0, 1.0, 30.0])[:p]
    X[:, 1] = random.random(n) < 0.4
    shape = n if classes == 2 else (n, classes)
    given = {
        "sample_weight": random.integers(1, 4, n).astype(float) if weights else None,
        "offset": random.normal(size=shape) if offset else None,
    }
    noise = random.gumbel(size=(n, classes))
    noise[:, 1:] += X[:, [0]] * np.arange(1, classes) / 2
    if offset:
        noise += given["offset"][:, None] * [0, 1] if classes == 2 else given["offset"]
    return X, noise.argmax(axis=1), given


class Plain:
    """The same model in NumPy, the reference class first; parameters (m q,), intercept last."""

    def __init__(self, X, y, sample_weight, offset, classes):
        self.A = np.column_stack([X, np.ones(len(X))])
        self.Y = np.eye(classes)[y]
        self.s = np.ones(len(X)) if sample_weight is None else sample_weight
        self.o = np.zeros((len(X), classes))
        if offset is not None:
            self.o = offset[:, None] * [0, 1] if classes == 2 else offset
        self.m, self.q = classes - 1, self.A.shape[1]

    def probabilities(self, theta, A=None):
        A = self.A if A is None else A
        z = self.o[: len(A)] + 0.0
        z[:, 1:] += A @ theta.reshape(self.m, self.q).T
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loglik(self, theta):
        return float(self.s @ (self.Y * np.log(self.probabilities(theta))).sum(axis=1))

    def scores(self, theta):
        """Score of each row without its weight, (n, m q)."""
        residual = (self.Y - self.probabilities(theta))[:, 1:]
        return (residual[:, :, None] * self.A[:, None, :]).reshape(len(self.A), -1)

    def curvatures(self, theta):
        """Of each row without its weight: W (n, m, m), and X_i as (n, m q, m)."""
        P = self.probabilities(theta)[:, 1:]
        W = np.einsum("ik,kl->ikl", P, np.eye(self.m)) - P[:, :, None] * P[:, None, :]
        rows = np.stack([np.kron(np.eye(self.m), a[:, None]) for a in self.A])
        return W, rows

    def information(self, theta):
        W, rows = self.curvatures(theta)
        return np.einsum("i,iak,ikl,ibl->ab", self.s, rows, W, rows)


def opened(classes, **options):
    X, y, given = problem(classes, **options)
    return fastlogreg.Inference(X, y, **given), Plain(X, y, *given.values(), classes)


numbers_of_classes = pytest.mark.parametrize("classes", [2, 3, 4], ids="{} classes".format)


def differences(function, at, step=1e-5):
    """Central differences of a function of a vector, along its last axis."""
    columns = []
    for j in range(len(at)):
        move = np.zeros_like(at)
        move[j] = step * max(1.0, abs(at[j]))
        columns.append((function(at + move) - function(at - move)) / (2 * move[j]))
    return np.stack(columns, axis=-1)
