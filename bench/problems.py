"""Named, seeded problems: every fit of the table, at full size and tiny (`scale="smoke"`)."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

SCALES = ("full", "smoke")


def scale_of_environment():
    """FASTLOGREG_BENCH_SCALE: "full" (default) or "smoke"."""
    scale = os.environ.get("FASTLOGREG_BENCH_SCALE", "full")
    if scale not in SCALES:
        raise ValueError(f"FASTLOGREG_BENCH_SCALE={scale!r}; it must be one of {SCALES}")
    return scale


@dataclass(frozen=True)
class Problem:
    """Minimise mean log loss + alpha/2 ||coef||^2 over (coef, free intercept); y is 0/1."""

    name: str
    X: np.ndarray | sparse.csr_array
    y: np.ndarray
    alpha: float
    n_classes: None = None  # of a softmax

    @property
    def shape(self):
        return self.X.shape

    @property
    def inverse_penalty(self):
        """scikit-learn's and LIBLINEAR's C = 1 / (n alpha)."""
        return np.inf if self.alpha == 0 else 1.0 / (len(self.y) * self.alpha)


@dataclass(frozen=True)
class Spec:
    """How a problem is made and what its fit must show.

    `accuracy`: relative suboptimality at which times are compared.  `families`: whose best time is
    the one to beat.  `rivals`: the peers that `pytest bench` runs, known to be the fastest.
    """

    build: Callable
    full: tuple[int, int]
    smoke: tuple[int, int]
    accuracy: float = 1e-9
    alpha: float | None = None  # None: 1/n
    reads: float | None = None
    seconds: float | None = None
    speedup: float | None = None
    speedup_default: float | None = None
    families: tuple[str, ...] = ("sklearn", "glum", "liblinear")
    rivals: tuple[str, ...] = ("sklearn newton-cholesky",)
    estimator: bool = False  # the speed-up is the estimator's, not the functional core's


def labels(rng, scores):
    return (rng.random(len(scores)) < 1.0 / (1.0 + np.exp(-scores))).astype(np.float64)


def correlated(rng, n, p, prevalence=None):
    """Covariance spectrum 1..1e-3 in a random basis, columns x 10^U(-2, 2), margins of s.d. 2."""
    basis, _ = np.linalg.qr(rng.standard_normal((p, p)))
    X = rng.standard_normal((n, p)) @ (basis * np.logspace(0, -1.5, p)).T
    scores = X @ rng.standard_normal(p)
    scores *= 2.0 / scores.std()
    X *= 10.0 ** rng.uniform(-2, 2, p)
    return X, labels(rng, scores + _intercept(scores, prevalence))


def rare(rng, n, p):
    """Correlated and badly scaled, one positive in a thousand."""
    return correlated(rng, n, p, prevalence=max(1e-3, 20 / n))


def _intercept(scores, prevalence):
    """The intercept at which the mean probability is `prevalence` (bisection); -0.3 without one."""
    if prevalence is None:
        return -0.3
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = np.mean(1.0 / (1.0 + np.exp(-np.clip(scores + middle, -500, 500))))
        low, high = (middle, high) if mean < prevalence else (low, middle)
    return middle


def gaussian(rng, n, p, informative=None):
    """Independent standard normal columns, margins of s.d. 2: the peers' best case."""
    X = rng.standard_normal((n, p))
    w = rng.standard_normal(p)
    w[informative or p :] = 0.0
    return X, labels(rng, X @ (2.0 / np.linalg.norm(w) * w) - 0.3)


def wide(rng, n, p):
    """Gaussian with 20 informative columns."""
    return gaussian(rng, n, p, informative=20)


def iris(rng, n, p):
    """Fisher's irises, virginica against the rest."""
    from sklearn.datasets import load_iris

    data = load_iris()
    return data.data, (data.target == 2).astype(np.float64)


def one_hot(rng, n, p):
    """Ten categorical columns of p / 10 levels with Zipf-like frequencies, as CSR dummies."""
    columns, levels = 10, p // 10
    frequency = 1.0 / np.arange(3, levels + 3)
    frequency /= frequency.sum()
    codes = np.stack([rng.choice(levels, n, p=frequency) for _ in range(columns)], axis=1)
    indices = (codes + levels * np.arange(columns)).astype(np.int32)
    X = sparse.csr_array(
        (np.ones(n * columns), indices.ravel(), np.arange(0, n * columns + 1, columns, np.int32)),
        shape=(n, p),
    )
    effects = rng.standard_normal(p) * 2.0 / np.sqrt(columns)
    return X, labels(rng, X @ effects - 0.3)


def text(rng, n, p):
    """Bags of words: Zipf-distributed columns, 0.2 % filled, tf-idf, rows of unit length."""
    frequency = 1.0 / np.arange(10, p + 10)
    frequency /= frequency.sum()
    lengths = rng.lognormal(np.log(max(0.002 * p * 0.95, 8)), 0.5, n).astype(int) + 3
    words = rng.choice(p, lengths.sum(), p=frequency)
    rows = np.repeat(np.arange(n), lengths)
    X = sparse.csr_array((np.ones(len(words)), (rows, words)), shape=(n, p))
    X.sum_duplicates()
    document_frequency = np.bincount(X.indices, minlength=p)
    X.data = 1.0 + np.log(X.data)
    X.data *= (np.log((1 + n) / (1 + document_frequency)) + 1.0)[X.indices]
    norm = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    X.data /= np.repeat(norm, np.diff(X.indptr))
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    scores = X @ rng.standard_normal(p)
    return X, labels(rng, scores * (2.0 / scores.std()))


_TALL = {"speedup": 8, "speedup_default": 25}
SPECS = {
    "tall30": Spec(correlated, (1_000_000, 30), (2_000, 6), reads=10, **_TALL),
    "tall100": Spec(correlated, (200_000, 100), (2_000, 8), reads=12, **_TALL),
    "tall500": Spec(correlated, (50_000, 500), (1_000, 20), reads=35, **_TALL),
    "rare": Spec(rare, (1_000_000, 30), (4_000, 6), reads=17, **_TALL),
    "unpenalised": Spec(
        correlated, (200_000, 30), (2_000, 6), alpha=0.0, speedup=5,
        families=("sklearn", "glum", "statsmodels"),
    ),
    "150x4": Spec(
        iris, (150, 4), (150, 4), seconds=25e-6, speedup=6, families=("sklearn",), estimator=True
    ),
    "1000x20": Spec(
        gaussian, (1_000, 20), (1_000, 20), seconds=130e-6, speedup=4, families=("sklearn",),
        estimator=True,
    ),
    "10000x50": Spec(
        gaussian, (10_000, 50), (2_000, 10), seconds=1.5e-3, speedup=2.5, families=("sklearn",),
        estimator=True,
    ),
    "onehot": Spec(
        one_hot, (500_000, 5_000), (2_000, 100), accuracy=1e-6, speedup=2.5,
        rivals=("sklearn newton-cg",),
    ),
    "text": Spec(
        text, (20_000, 50_000), (200, 300), accuracy=1e-6, speedup=2,
        families=("sklearn", "liblinear"), rivals=("liblinear s0", "liblinear s7*"),
    ),
    "wide": Spec(
        wide, (200, 20_000), (50, 120), accuracy=1e-6, speedup=2.5,
        families=("sklearn", "liblinear"), rivals=("liblinear s7*",),
    ),
}  # fmt: skip


def seeded(name):
    return np.random.default_rng(list(name.encode()))


def problem(name, scale="full"):
    """The named problem; the same bits every time."""
    spec = SPECS[name]
    n, p = spec.full if scale == "full" else spec.smoke
    X, y = spec.build(seeded(name), n, p)
    return Problem(name, X, y, 1.0 / len(y) if spec.alpha is None else spec.alpha)


def matrix(p, *, order="C", dtype=np.float64, scale="full"):
    """A kernel's input of 80 MB and more in float64: (X, y, coef, intercept), margins of s.d. 2."""
    rng = seeded(f"matrix {p}")
    n = -(-84_000_000 // (8 * p)) if scale == "full" else 500
    X = rng.standard_normal((n, p))
    coef = rng.standard_normal(p)
    coef *= 2.0 / np.linalg.norm(coef)
    y = labels(rng, X @ coef - 0.3)
    return np.asarray(X, dtype=dtype, order=order), y, coef, -0.3
