"""Softmax problems with a ridge, and how good a fit of one is."""

from dataclasses import dataclass

import numpy as np

from fastlogreg import fit

from .accuracy import CHUNK
from .problems import Spec, seeded


@dataclass(frozen=True)
class ClassProblem:
    """Minimise mean cross-entropy + alpha/2 ||coef||^2, intercepts free; y are codes 0..K-1."""

    name: str
    X: np.ndarray
    y: np.ndarray
    n_classes: int
    alpha: float

    @property
    def shape(self):
        return self.X.shape

    @property
    def inverse_penalty(self):
        """scikit-learn's C = 1 / (n alpha)."""
        return 1.0 / (len(self.y) * self.alpha)


@dataclass(frozen=True)
class ClassSpec(Spec):
    """The same with shapes (n, p, K)."""

    full: tuple[int, int, int]
    smoke: tuple[int, int, int]
    accuracy: float = 1e-6
    families: tuple[str, ...] = ("sklearn", "sklearnex", "glmnet")


def drawn(rng, scores):
    """Labels with the softmax of these scores as probabilities."""
    return np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)


def _bumps(rng, count, side):
    """Smooth round spots on a square grid, one a row."""
    at = np.arange(side)
    centre = rng.uniform(0.2, 0.8, (count, 2, 1)) * side
    width = rng.uniform(0.06, 0.16, (count, 1)) * side
    down, across = (np.exp(-(((at - centre[:, i]) / width) ** 2)) for i in (0, 1))
    return (down[:, :, None] * across[:, None, :]).reshape(count, -1)


def pixels(rng, n, p, n_classes):
    """Pictures in 256 grey levels, four fifths black, of strokes that vary from row to row.

    A class has its own strokes; rows share deformations, so that pixels are correlated. One label
    in twenty is wrong.
    """
    side = int(round(p**0.5))
    spots = _bumps(rng, 60, side)
    strokes = (rng.random((n_classes, 60)) < 0.15) * rng.uniform(0.6, 1.4, (n_classes, 60))
    y = rng.integers(0, n_classes, n)
    X = np.empty((n, side * side))
    for start in range(0, n, 4096):
        rows = slice(start, start + 4096)
        mix = strokes[y[rows]] + 0.45 * rng.standard_normal((len(y[rows]), 60))
        X[rows] = np.round(255.0 * np.clip(mix @ spots - 0.7, 0.0, 1.0)) / 255.0
    wrong = rng.random(n) < 0.05
    y[wrong] = rng.integers(0, n_classes, wrong.sum())
    return X, y


def many(rng, n, p, n_classes):
    """Correlated Gaussian columns of sizes 1/3 to 3, a hundred classes, scores of s.d. 2."""
    basis, _ = np.linalg.qr(rng.standard_normal((p, p)))
    X = rng.standard_normal((n, p)) @ (basis * np.logspace(0, -1, p)).T
    W = rng.standard_normal((n_classes, p))
    scores = X @ W.T
    y = drawn(rng, 2.0 * scores / scores.std())
    return X * np.logspace(-0.5, 0.5, p), y


def digits(rng, n, p, n_classes):
    """scikit-learn's 8 x 8 pictures of digits."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    keep = np.flatnonzero(y < n_classes)[:n]
    return X[keep], y[keep]


def iris(rng, n, p, n_classes):
    """Fisher's irises, all three kinds."""
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)


SPECS = {
    "softmax pixels": ClassSpec(pixels, (60_000, 784, 10), (400, 64, 4), speedup=3.0, alpha=1e-4),
    "softmax many": ClassSpec(many, (20_000, 50, 100), (600, 6, 12), speedup=3.0, alpha=5e-5),
    "softmax digits": ClassSpec(digits, (1_797, 64, 10), (300, 64, 4), speedup=4.0),
    "softmax iris": ClassSpec(iris, (150, 4, 3), (150, 4, 3), speedup=10.0, estimator=True),
}


def problem(name, scale="full"):
    """The named problem; the same bits every time."""
    spec = SPECS[name]
    n, p, n_classes = spec.full if scale == "full" else spec.smoke
    X, y = spec.build(seeded(name), n, p, n_classes)
    alpha = 1.0 / len(y) if spec.alpha is None else spec.alpha
    return ClassProblem(name, X, y, n_classes, alpha)


def objective(problem, coef, intercept):
    """The objective in double NumPy, computed here for every library alike."""
    coef, total = np.asarray(coef, dtype=np.float64), 0.0
    for start in range(0, len(problem.y), CHUNK):
        rows = slice(start, start + CHUNK)
        scores = problem.X[rows] @ coef.T + intercept
        scores -= scores.max(axis=1, keepdims=True)
        own = scores[np.arange(len(scores)), problem.y[rows]]
        total += (np.log(np.exp(scores).sum(axis=1)) - own).sum()
    return total / len(problem.y) + 0.5 * problem.alpha * float((coef * coef).sum())


@dataclass(frozen=True)
class ClassYardstick:
    """Objectives of the model without coefficients and of the optimum: the ends of the scale."""

    null: float
    optimum: float

    def our_tol(self, accuracy):
        """The `tol` of fastlogreg (relative to F*) for an accuracy (relative to F0 - F*)."""
        return accuracy * min(1.0, (self.null - self.optimum) / self.optimum)

    def suboptimality(self, problem, coef, intercept, *, own=""):
        """(F - F*) / (F0 - F*)."""
        return (objective(problem, coef, intercept) - self.optimum) / (self.null - self.optimum)


def yardstick(problem):
    """Both ends, the optimum certified by fastlogreg to 1e-11."""
    share = np.bincount(problem.y, minlength=problem.n_classes) / len(problem.y)
    null = -float(share[share > 0] @ np.log(share[share > 0]))
    best = fit(
        problem.X, problem.y, n_classes=problem.n_classes, alpha=problem.alpha, tol=1e-11,
        max_iter=1000,
    )  # fmt: skip
    assert best.certificate.relative_gap <= 1e-11, best.stop_reason
    return ClassYardstick(null, objective(problem, best.coef, best.intercept))
