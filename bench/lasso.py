"""Lasso problems and their certified optima.

Everything here is about a sequence of penalties: a single fit is a sequence of one, a path has a
hundred, and cross-validation follows the path on every training fold.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse

from fastlogreg import fit, logistic_path

from .accuracy import CHUNK
from .problems import correlated, gaussian, labels, seeded, text, wide


@dataclass(frozen=True)
class LassoProblem:
    """Minimise mean log loss + alpha |coef|_1 over (coef, free intercept) for every alpha.

    `folds`: for a cross-validation, the number of the fold that holds each row out.
    """

    name: str
    X: np.ndarray | sparse.csr_array
    y: np.ndarray
    alphas: np.ndarray
    folds: np.ndarray | None = None

    @property
    def shape(self):
        return self.X.shape

    def inverse_penalty(self, alpha):
        """scikit-learn's and LIBLINEAR's C."""
        return 1.0 / (len(self.y) * alpha)

    def training(self, fold):
        """Row weights of a training fold."""
        return (self.folds != fold).astype(np.float64)


@dataclass(frozen=True)
class LassoSpec:
    """How a problem is made and what its fit must show.

    The last alpha is `ratio` times the smallest with an empty model, and so is each of the `count`.
    """

    build: object
    full: tuple[int, int]
    smoke: tuple[int, int]
    ratio: float
    speedup: float
    count: int = 1
    n_folds: int = 0
    accuracy: float = 1e-6
    families: tuple[str, ...] = (
        "adelie", "glmnet", "python-glmnet", "skglm", "celer°", "glum", "sklearn", "liblinear",
    )  # fmt: skip


def _unit(rng, n, p):
    """Correlated columns, scaled to standard deviation 1."""
    X, y = correlated(rng, n, p)
    return X / X.std(axis=0), y


def _autoregressive(rng, n, p):
    """Neighbouring columns have correlation 0.7; a tenth of them count."""
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = 0.7 * X[:, j - 1] + np.sqrt(1 - 0.7**2) * X[:, j]
    scores = X @ (rng.standard_normal(p) * (rng.random(p) < 0.1))
    return X, labels(rng, 2.0 * scores / scores.std() - 0.3)


SPECS = {
    "lasso tall": LassoSpec(_unit, (200_000, 100), (2_000, 8), 0.1, speedup=4),
    "lasso wide": LassoSpec(wide, (200, 20_000), (50, 120), 0.1, speedup=2),
    "lasso text": LassoSpec(text, (20_000, 50_000), (200, 300), 0.1, speedup=1.5),
    "path tall": LassoSpec(
        _autoregressive, (10_000, 500), (400, 12), 1e-3, speedup=3, count=100
    ),
    "path wide": LassoSpec(wide, (200, 5_000), (50, 80), 1e-2, speedup=2, count=100),
    "path wider": LassoSpec(wide, (200, 20_000), (50, 120), 1e-2, speedup=2, count=100),
}  # fmt: skip
CV_SPECS = {
    "cv": LassoSpec(
        partial(gaussian, informative=20), (5_000, 100), (300, 25), 1e-3, speedup=4, count=100,
        n_folds=10, accuracy=1e-4, families=("glmnet",),
    ),
}  # fmt: skip


def problem(name, scale="full"):
    """The named problem; the same bits every time."""
    spec = SPECS.get(name) or CV_SPECS[name]
    rng = seeded(name)
    X, y = spec.build(rng, *(spec.full if scale == "full" else spec.smoke))
    largest = np.abs(X.T @ (y - y.mean())).max() / len(y)
    ratios = np.geomspace(1.0, spec.ratio, spec.count) if spec.count > 1 else [spec.ratio]
    folds = rng.permutation(len(y)) % spec.n_folds if spec.n_folds else None
    return LassoProblem(name, X, y, largest * np.asarray(ratios), folds)


# ------------------------------------------------------------------------- how good a fit is


def mean_losses(X, y, coefs, intercepts):
    """Mean log loss of every model, in double NumPy; coefs (k, p) may be sparse."""
    total = np.zeros(len(intercepts))
    for start in range(0, len(y), CHUNK):
        rows = slice(start, start + CHUNK)
        scores = X[rows] @ coefs.T
        scores = (scores.toarray() if sparse.issparse(scores) else np.asarray(scores)) + intercepts
        total += np.logaddexp(0.0, np.where(y[rows, None] > 0.5, -scores, scores)).sum(axis=0)
    return total / len(y)


def objectives(problem, coefs, intercepts, mark=""):
    """The objective at every alpha; mark "*": the intercept is penalised like a coefficient."""
    intercepts = np.asarray(intercepts, dtype=np.float64)
    size = np.asarray(abs(coefs).sum(axis=1)).ravel()
    if mark == "*":
        size = size + np.abs(intercepts)
    return mean_losses(problem.X, problem.y, coefs, intercepts) + problem.alphas * size


@dataclass(frozen=True)
class PathYardstick:
    """Objectives of the null model and of the optima, for each kind of objective by its mark."""

    nulls: dict
    optima: dict

    def suboptimality(self, problem, coefs, intercepts, own=""):
        """The worst (F - F*) / (F0 - F*) over the alphas whose model is not empty."""
        span = self.nulls[own] - self.optima[own]
        counts = span > 1e-8 * self.nulls[own]
        excess = objectives(problem, coefs, intercepts, own) - self.optima[own]
        worst = excess[counts] / span[counts]
        return worst[np.abs(worst).argmax()]

    def our_tol(self, accuracy):
        """The `tol` of fastlogreg (relative to F*) that proves an accuracy at every alpha."""
        span = self.nulls[""] - self.optima[""]
        counts = span > 1e-8 * self.nulls[""]
        return accuracy * min(1.0, (span[counts] / self.optima[""][counts]).min())


def yardstick(problem, marks=("",)):
    """The optima, certified by fastlogreg to 1e-13, for the kinds of objective that are asked for.

    Our own is always among them.
    """
    k, p = len(problem.alphas), problem.shape[1]
    empty = np.zeros((k, p))
    null = np.full(k, np.log(problem.y.mean() / (1.0 - problem.y.mean())))
    nulls, optima = {}, {}
    for mark in {"", *marks}:
        X, intercept = problem.X, mark == ""
        if mark == "*":  # the intercept is penalised as the coefficient of a column of ones
            ones = np.ones((len(problem.y), 1))
            stack = sparse.hstack if sparse.issparse(X) else np.hstack
            X = _by_row(stack([X, ones]))
        coefs, intercepts = _best_models(X, problem, intercept)
        if mark == "*":
            coefs, intercepts = coefs[:, :-1], coefs[:, -1]
        optima[mark] = objectives(problem, coefs, intercepts, mark)
        nulls[mark] = objectives(problem, empty, 0.0 * null if mark == "°" else null, mark)
    return PathYardstick(nulls, optima)


def _best_models(X, problem, fit_intercept):
    """Coefficients and intercepts, certified to 1e-13."""
    options = {"tol": 1e-13, "max_iter": 1000, "fit_intercept": fit_intercept}
    if len(problem.alphas) == 1:
        best = fit(X, problem.y, alpha=problem.alphas[0], l1_ratio=1, **options)
        return best.coef[None], np.array([best.intercept])
    path = logistic_path(X, problem.y, alphas=problem.alphas, **options)
    return path.coefs, path.intercepts


def _by_row(X):
    return X.tocsr() if sparse.issparse(X) else X


@dataclass(frozen=True)
class CurveYardstick:
    """The exact curve of a cross-validation: mean held-out log loss at every alpha."""

    curve: np.ndarray

    def suboptimality(self, problem, curve, own=""):
        """The largest relative error of the curve."""
        return np.abs(curve / self.curve - 1.0).max()


def curve_yardstick(problem):
    """The curve from models certified to 1e-12."""
    losses = []
    for fold in range(problem.folds.max() + 1):
        train = problem.training(fold)
        path = logistic_path(
            problem.X, problem.y, alphas=problem.alphas, sample_weight=train, tol=1e-12
        )
        out = train == 0
        losses.append(mean_losses(problem.X[out], problem.y[out], path.coefs, path.intercepts))
    return CurveYardstick(np.mean(losses, axis=0))
