"""Problems of two classes that a fit must solve, each with what is special about it."""

import numpy as np


def _data(n=300, p=5, seed=0, rate=0.0):
    """Columns of mixed size and sign, and labels of a logistic model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.linspace(0.5, 2.0, p)
    z = X @ (rng.standard_normal(p) / np.sqrt(p)) + rate
    return X, (z + rng.logistic(size=n) > 0).astype(np.uint8), rng


def easy():
    return dict(zip("Xy", _data(), strict=False))


def tall():
    return dict(zip("Xy", _data(n=4000, p=12, seed=1), strict=False))


def correlated():
    X, y, rng = _data(n=2000, p=6, seed=2)
    X = X[:, :1] + 0.01 * X
    return {"X": X + rng.standard_normal(6), "y": y}


def badly_scaled():
    X, y, _ = _data(n=2000, p=7, seed=3)
    return {"X": X * 10.0 ** np.linspace(-6, 6, 7), "y": y}


def far_from_zero():
    X, y, _ = _data(n=2000, p=4, seed=4)
    return {"X": X + [1e4, -1e3, 0.0, 10.0], "y": y}


def duplicated_column():
    X, y, _ = _data(seed=5)
    return {"X": np.column_stack([X, X[:, 1]]), "y": y, "rank_deficient": True}


def constant_column():
    X, y, _ = _data(seed=6)
    return {"X": np.column_stack([X, np.full(len(X), 3.0)]), "y": y, "rank_deficient": True}


def zero_column():
    X, y, _ = _data(seed=7)
    X[:, 2] = 0.0
    return {"X": X, "y": y, "rank_deficient": True}


def rare_class():
    X, _, rng = _data(n=20_000, p=4, seed=8)
    chance, y = np.exp(X[:, 0]), np.zeros(20_000, dtype=np.uint8)
    y[rng.choice(20_000, size=20, replace=False, p=chance / chance.sum())] = 1
    return {"X": X, "y": y}


def heavy_weights():
    X, y, rng = _data(seed=9)
    return {"X": X, "y": y, "sample_weight": 10.0 ** rng.uniform(0, 5, len(y))}


def zero_weights():
    X, y, rng = _data(seed=10)
    return {"X": X, "y": y, "sample_weight": np.where(np.arange(300) % 3, rng.random(300), 0.0)}


def one_feature():
    return dict(zip("Xy", _data(n=50, p=1, seed=11), strict=False))


def one_row():
    X = np.array([[1.0, -2.0, 0.5]])
    return {"X": X, "y": np.array([1]), "fit_intercept": False, "separated": True}


def wide():
    X, y, _ = _data(n=30, p=100, seed=12)
    return {"X": X, "y": y, "separated": True}


def soft_targets():
    X, _, rng = _data(seed=13)
    y = rng.random(len(X))
    y[:20], y[20:40] = 0.0, 1.0
    return {"X": X, "y": y}


def offset():
    X, y, rng = _data(seed=14)
    return {"X": X, "y": y, "offset": rng.normal(scale=2.0, size=len(y))}


def no_intercept():
    X, y, _ = _data(seed=15)
    return {"X": X, "y": y, "fit_intercept": False}


def everything():
    X, _, rng = _data(n=3000, p=9, seed=16)
    return {
        "X": X, "y": rng.random(3000), "sample_weight": rng.integers(0, 4, 3000).astype(float),
        "offset": rng.normal(size=3000),
    }  # fmt: skip


PROBLEMS = (
    easy, tall, correlated, badly_scaled, far_from_zero, duplicated_column, constant_column,
    zero_column, rare_class, heavy_weights, zero_weights, one_feature, one_row, wide,
    soft_targets, offset, no_intercept, everything,
)  # fmt: skip
PROBLEMS = {function.__name__: function for function in PROBLEMS}


class Case:
    """A problem: X, y, the other arguments of a fit, and what is special about it."""

    def __init__(self, name):
        arguments = PROBLEMS[name]()
        self.name = name
        self.rank_deficient = arguments.pop("rank_deficient", False)
        self.separated = arguments.pop("separated", False)
        self.X, self.y = arguments.pop("X"), arguments.pop("y")
        self.arguments = arguments
        self.alphas = (1e-3, 1.0) if self.separated else (0.0, 1e-3, 1.0)
