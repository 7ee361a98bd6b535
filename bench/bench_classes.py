"""Softmax: fits to equal accuracy against the best peer, and passes against two matrix products."""

import math
from functools import partial

import numpy as np
import pytest

import fastlogreg
from fastlogreg import design, reference_softmax
from fastlogreg.penalty import Penalty
from fastlogreg.softmax import SoftmaxObjective

from .classes import SPECS, problem, yardstick
from .classes_peers import FITS
from .fits import checked, core, fit_cases
from .measure import Case, Goal, Timed, time_case, timed_cases
from .problems import seeded
from .reads import UNIT, one_read

PASSES = {  # n, p, K and the share of two products' time that a pass may take
    "softmax pass p=784 K=10": (60_000, 784, 10, 0.6),
    "softmax pass p=100 K=100": (20_000, 100, 100, 0.6),
    "softmax pass p=50 K=3": (200_000, 50, 3, 1.0),
}


def softmax_pass(name, scale):
    """Loss and gradient in one read of X, against the two products that a plain one is made of."""
    n, p, n_classes, most = PASSES[name]
    n = n if scale == "full" else 500
    rng = seeded(name)
    X, y = rng.standard_normal((n, p)), rng.integers(0, n_classes, n).astype(np.int32)
    theta = 0.5 * rng.standard_normal((n_classes, p + 1)) / np.sqrt(p)
    objective = SoftmaxObjective(
        X, design.as_matrix(X), y, n_classes, None, None, True, Penalty(),
        fastlogreg.get_num_threads(),
    )  # fmt: skip
    coef, residual = np.ascontiguousarray(theta[:, :p]), rng.standard_normal((n, n_classes))
    scores, gradient = np.empty((n, n_classes)), np.empty((n_classes, p))

    def ours():
        return objective.value_gradient(theta.ravel())

    def products():
        np.matmul(X, coef.T, out=scores)
        np.matmul(residual.T, X, out=gradient)

    def check():
        some = slice(0, 20_000)
        part = SoftmaxObjective(
            X[some], design.as_matrix(X[some]), y[some], n_classes, None, None, True, Penalty(), 2
        )
        got = part.value_gradient(theta.ravel())
        want = reference_softmax.softmax_loss_gradient(X[some], y[some], coef, theta[:, p])
        np.testing.assert_allclose(got[0], want[0], rtol=1e-12)
        np.testing.assert_allclose(got[1], want[1].ravel(), atol=1e-12)

    return Case(
        name,
        ours,
        {
            "products, 1 thread": Timed(products, 1),
            "products, 2 threads": Timed(products, 2),
            "reads of X": Timed(lambda: one_read(X)),
        },
        [
            Goal("products, 1 thread", at_most=most),
            Goal("products, 2 threads", at_most=most),
            Goal("reads of X", at_most=math.inf),
        ],
        check,
        {"products, 1 thread": "NumPy", "products, 2 threads": "NumPy", "reads of X": UNIT},
    )


BUILDERS = {name: partial(softmax_pass, name) for name in PASSES}
CASES = timed_cases(BUILDERS, 6.0) | fit_cases(FITS, yardstick)


@pytest.mark.parametrize("name", SPECS)
def bench_ours(benchmark, scale, name):
    task = problem(name, scale)
    stick = yardstick(task)
    checked(task, stick, SPECS[name].accuracy)()
    benchmark.group = f"fit {name}"
    benchmark.extra_info["shape"] = (*task.shape, task.n_classes)
    benchmark(core(task, stick.our_tol(SPECS[name].accuracy)))


@pytest.mark.parametrize("name", PASSES)
def bench_pass(benchmark, scale, name):
    time_case(benchmark, BUILDERS[name](scale), name, scale)
