"""The lists that drive the tests: how X can lie in memory, instruction sets, problems."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg._kernels import core as kernels

LEVELS = kernels.available_levels()


# ------------------------------------------------------ layouts: an X out of a float64 array


def _spread(A, rows, columns, order="C"):
    """A as a view of every `rows`-th row and `columns`-th column of a larger array full of nan."""
    n, p = A.shape
    big = np.full((n * rows + 3, p * columns + 5), np.nan, order=order)
    view = big[2 : 2 + n * rows : rows, 3 : 3 + p * columns : columns]
    view[...] = A
    return view


def _unaligned(A):
    raw = np.zeros(A.nbytes + 1, dtype=np.uint8)
    view = raw[1:].view(A.dtype).reshape(A.shape)
    view[...] = A
    assert not view.flags.aligned
    return view


def _sparse(A):
    """A with about two thirds of its entries, and every seventh row and column, set to zero."""
    A = A * (np.add.outer(5 * np.arange(A.shape[0]), 7 * np.arange(A.shape[1])) % 3 == 0)
    A[3::7] = 0.0
    A[:, 5::7] = 0.0
    return A


def _long_indices(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def _unsorted(X):
    """The stored entries of each line in reverse order."""
    X = X.copy()
    for lo, hi in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[lo:hi] = X.indices[lo:hi][::-1].copy()
        X.data[lo:hi] = X.data[lo:hi][::-1].copy()
    X.has_sorted_indices = False
    return X


def _duplicates(X):
    """Every entry stored twice, as one quarter and three quarters of it."""
    data = np.repeat(X.data, 2) * np.tile([0.25, 0.75], X.nnz)
    return type(X)((data, np.repeat(X.indices, 2), 2 * X.indptr), shape=X.shape)


def _ones(X):
    X = X.copy()
    X.data[:] = 1.0
    return X


DESIGNS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "C-float32": lambda A: np.ascontiguousarray(A, dtype=np.float32),
    "F-float32": lambda A: np.asfortranarray(A, dtype=np.float32),
    "rows-strided": lambda A: _spread(A, 2, 1),
    "rows-strided-float32": lambda A: np.repeat(A, 3, axis=0).astype(np.float32)[::3],
    "columns-strided-F": lambda A: _spread(A, 1, 2, "F"),
    "both-strided": lambda A: _spread(A, 2, 3),
    "rows-reversed": lambda A: np.ascontiguousarray(A[::-1])[::-1],
    "columns-reversed-F": lambda A: np.asfortranarray(A[:, ::-1])[:, ::-1],
    "columns-reversed": lambda A: np.ascontiguousarray(A[:, ::-1])[:, ::-1],
    "column-slice": lambda A: _spread(A, 1, 1),
    "column-slice-F": lambda A: _spread(A, 1, 1, "F"),
    "one-row-repeated": lambda A: np.broadcast_to(A[:1], A.shape),
    "read-only": lambda A: np.frombuffer(A.tobytes()).reshape(A.shape),
    "unaligned": _unaligned,
    "byte-swapped": lambda A: A.astype(A.dtype.newbyteorder()),
    "integers": lambda A: np.rint(4 * A).astype(np.int32),
    "booleans-F": lambda A: np.asfortranarray(A > 0),
    "lists": lambda A: A.tolist(),
    "CSR": lambda A: sp.csr_array(_sparse(A)),
    "CSC": lambda A: sp.csc_array(_sparse(A)),
    "CSR-float32": lambda A: sp.csr_matrix(_sparse(A).astype(np.float32)),
    "CSC-float32": lambda A: sp.csc_matrix(_sparse(A).astype(np.float32)),
    "CSR-int64": lambda A: _long_indices(sp.csr_array(_sparse(A))),
    "CSC-int64": lambda A: _long_indices(sp.csc_array(_sparse(A))),
    "CSR-unsorted": lambda A: _unsorted(sp.csr_array(_sparse(A))),
    "CSC-unsorted": lambda A: _unsorted(sp.csc_array(_sparse(A))),
    "CSR-duplicates": lambda A: _duplicates(sp.csr_array(_sparse(A))),
    "CSC-duplicates": lambda A: _duplicates(sp.csc_array(_sparse(A))),
    "CSR-ones": lambda A: _ones(sp.csr_array(_sparse(A))),
    "CSC-ones": lambda A: _ones(sp.csc_array(_sparse(A))),
    "CSR-ones-float32": lambda A: _ones(sp.csr_array(_sparse(A).astype(np.float32))),
    "CSR-booleans": lambda A: sp.csr_array(_sparse(A) != 0),
    "CSR-nothing-stored": lambda A: sp.csr_array(A.shape),
    "CSC-nothing-stored": lambda A: sp.csc_array(A.shape),
    "COO": lambda A: sp.coo_array(_sparse(A)),
}


class Layout:
    """One entry of DESIGNS: `make` an X of it, and what that X means as a plain array."""

    def __init__(self, name):
        self.name, self.make = name, DESIGNS[name]

    @staticmethod
    def dense(X):
        return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


@pytest.fixture(params=DESIGNS)
def layout(request):
    return Layout(request.param)


@pytest.fixture(
    params=["C", "F", "C-float32", "F-float32", "CSR", "CSC", "CSR-float32", "CSC-ones"]
)
def basic_layout(request):
    """One of each memory layout and type that the kernels tell apart."""
    return Layout(request.param)


# ---------------------------------------------------------------------- instruction sets


@pytest.fixture(params=LEVELS)
def level(request):
    """Each instruction set of this machine in turn."""
    before = kernels.level()
    kernels.select_level(request.param)
    yield request.param
    kernels.select_level(before)


# ---------------------------------------------------------------------- problems


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


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return Case(request.param)


def _objective(X, y, theta, s, offset, ridge):
    """Objective, gradient, curvatures in the type of the arguments; X with its column of ones."""
    z = X @ theta + offset
    e = np.exp(-np.abs(z))
    q = 1 / (1 + e)
    wrong = np.where(z > 0, 1 - y, y)
    residual = np.where(z > 0, wrong - e * q, e * q - wrong)
    value = s @ (np.log1p(e) + wrong * np.abs(z)) + ridge @ (theta * theta) / 2
    return value, X.T @ (s * residual) + ridge * theta, s * e * q * q


def _extended(X, y, alpha=0.0, fit_intercept=True, sample_weight=None, offset=None):
    """The arguments of _objective in extended precision, columns scaled, and their sizes."""
    design = np.column_stack([X, np.ones(len(y))]) if fit_intercept else np.asarray(X)
    size = np.abs(design).max(axis=0).astype(np.longdouble)
    size[size == 0] = 1.0
    ridge = alpha / size**2
    ridge[X.shape[1] :] = 0.0
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    s = s.astype(np.longdouble) / s.sum(dtype=np.longdouble)
    shift = np.longdouble(0) if offset is None else offset.astype(np.longdouble)
    return design / size, y.astype(np.longdouble), s, shift, ridge, size


@pytest.fixture(scope="session")
def objective_at():
    """The objective at (coef, intercept), in extended precision."""

    def evaluate(X, y, coef, intercept, **arguments):
        design, y, s, shift, ridge, size = _extended(X, y, **arguments)
        theta = np.append(coef, intercept)[: len(size)] * size
        return _objective(design, y, theta, s, shift, ridge)[0]

    return evaluate


@pytest.fixture(scope="session")
def optimum():
    """Newton's method with gradients in extended precision and columns of one size.

    Returns (minimum of the objective, coef, intercept): slow, right to a few parts in 1e18 (1e16
    where extended precision is double). With alpha = 0 and dependent columns the coefficients are
    one of many solutions.
    """

    def solve(X, y, **arguments):
        design, y, s, shift, ridge, size = _extended(X, y, **arguments)
        theta, low = np.zeros(len(size), dtype=np.longdouble), design.astype(float)
        f, g, h = _objective(design, y, theta, s, shift, ridge)
        for _ in range(200):
            hessian = low.T @ (h.astype(float)[:, None] * low) + np.diag(ridge.astype(float))
            unit = np.sqrt(np.maximum(hessian.diagonal(), 1e-300))
            inverse = np.linalg.pinv(hessian / unit / unit[:, None], rcond=1e-14, hermitian=True)
            step = -(inverse @ (g.astype(float) / unit)) / unit
            along, length = float(g @ step), 1.0
            while True:
                f_new, g_new, h_new = _objective(design, y, theta + length * step, s, shift, ridge)
                if f_new <= f + 1e-4 * length * along or length < 1e-8:
                    break
                length /= 2
            if not f_new < f:
                break
            theta, f, g, h = theta + length * step, f_new, g_new, h_new
        theta = (theta / size).astype(float)
        return (f, theta[:-1], float(theta[-1])) if len(theta) > X.shape[1] else (f, theta, 0.0)

    return solve


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter that has the same fastlogreg; returns CompletedProcess."""

    def run(code, timeout=60, check=True, **environment):
        done = subprocess.run(
            [sys.executable, "-P", "-W", "error", "-c", code],
            capture_output=True, text=True, timeout=timeout, env=fresh_environment(environment),
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done

    return run


def fresh_environment(changes):
    """Ours without the variables that fastlogreg reads, then the changes."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FASTLOGREG_") and name != "OMP_NUM_THREADS"
    }
    environment["PYTHONPATH"] = str(Path(fastlogreg.__file__).parents[1])
    return environment | changes


@pytest.fixture
def start_python():
    """As run_python, but returns the running Popen, which is ended after the test."""
    started = []

    def start(code, **environment):
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "error", "-u", "-c", code],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=fresh_environment(environment),
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


# ------------------------------------------------------------------------------ pictures


@pytest.fixture
def pyplot():
    """matplotlib's, without windows; what a test draws is closed after it."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


@pytest.fixture
def axes(pyplot):
    """Axes of a figure with a layout."""
    return pyplot.subplots(layout="constrained")[1]


@pytest.fixture
def nothing_is_cut_off():
    """Whether all that a display draws, labels and legends too, lies within its figure."""

    def within(display):
        figure = display.figure_
        figure.canvas.draw()
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        return min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.01

    return within
