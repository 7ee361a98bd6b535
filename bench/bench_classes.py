"""Softmax: fits to equal accuracy against the best peer, and passes against two matrix products."""

import math
import warnings

import numpy as np
import pytest

import fastlogreg
from fastlogreg import design, reference_softmax
from fastlogreg.penalty import Penalty
from fastlogreg.softmax import SoftmaxObjective

from .bench_fit import best_peer_only, peer_call, rung_text, sure_of_optimum
from .classes import SPECS, problem, yardstick
from .classes_peers import FITS, PEERS
from .ladder import climb_all, default_rung, fastest
from .measure import Case, Goal, Timed, rows_of
from .problems import seeded
from .reads import UNIT, bytes_of, one_read

PASSES = {  # n, p, K and the share of two products' time that a pass may take
    "softmax pass p=784 K=10": (60_000, 784, 10, 0.6),
    "softmax pass p=100 K=100": (20_000, 100, 100, 0.6),
    "softmax pass p=50 K=3": (200_000, 50, 3, 1.0),
}


# ------------------------------------------------------------------------- fits


def _core(task, tol):
    return lambda: fastlogreg.fit(
        task.X, task.y, n_classes=task.n_classes, alpha=task.alpha, tol=tol
    )


def _estimator(task, tol):
    """The estimator asked for a relative suboptimality `tol`; its own `tol` bounds a gradient."""
    model = fastlogreg.LogisticRegression(
        C=task.inverse_penalty, tol=math.sqrt(10 * tol), max_iter=1000
    )
    return lambda: model.fit(task.X, task.y)


def checked(task, stick, accuracy):
    """Assert that core and estimator reach the accuracy at which times are compared."""
    tol = stick.our_tol(accuracy)

    def check():
        result = _core(task, tol)()
        assert result.converged, f"{task.name}: {result.stop_reason}"
        reached = stick.suboptimality(task, result.coef, result.intercept)
        assert reached <= accuracy, f"{task.name}: relative suboptimality {reached:.2e}"
        model = _estimator(task, tol)()
        reached = stick.suboptimality(task, model.coef_, model.intercept_)
        assert reached <= accuracy, f"{task.name}, estimator: suboptimality {reached:.2e}"

    return check


def fit_cases(name, task, stick, found):
    """Core and estimator against the peers fastest on their ladders."""
    spec = SPECS[name]
    sure_of_optimum(name, found, spec.accuracy)
    tol = stick.our_tol(spec.accuracy)
    theirs = {"reads of X": Timed(lambda: one_read(task.X))}
    notes = {"reads of X": UNIT, None: f"tol {tol:.1e}"}
    goals = [Goal("reads of X", at_most=math.inf), Goal(None, at_most=math.inf)]
    for rung in fastest(FITS, name, found):
        theirs[rung.peer] = peer_call(PEERS[rung.peer], task, rung)
        goals.append(Goal(rung.peer, at_least=0 if spec.estimator else spec.speedup))
        notes[rung.peer] = f"{rung.peer} {rung_text(rung)}"
    default = default_rung(FITS, found)
    if default:
        label = "sklearn default"
        theirs[label] = peer_call(FITS.default, task, default)
        goals.append(Goal(label, at_least=0))
        notes[label] = f"stops at {default.suboptimality:.1e}"
    check = checked(task, stick, spec.accuracy)
    yield Case(f"fit {name}", _core(task, tol), theirs, goals, check, notes)
    if spec.estimator:
        theirs = {key: call for key, call in theirs.items() if key != "reads of X"}
        goals = [Goal(key, at_least=spec.speedup if key in PEERS else 0) for key in theirs]
        yield Case(f"fit {name} (estimator)", _estimator(task, tol), theirs, goals, check, notes)


def _fit_rows(name):
    def rows(session):
        """Climb the ladders unless an earlier run's are at hand; time the best side by side."""
        task = problem(name, session.scale)
        session.log(
            f"  {task.shape[0]} x {task.shape[1]}, {task.n_classes} classes, "
            f"{bytes_of(task.X) / 1e6:.0f} MB"
        )
        stick = yardstick(task)
        if name not in session.ladders:
            climbed = climb_all(FITS, name, session.scale, task, stick, session.log)
            session.ladders[name] = climbed
        found = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers that stop early say so
            for case in fit_cases(name, task, stick, session.ladders[name]):
                found += best_peer_only(rows_of(case, **session.rounds(20.0)), PEERS)
        return found

    return rows


# ------------------------------------------------------------------------- passes


def softmax_pass(scale, name):
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


def _pass_rows(name):
    return lambda session: rows_of(softmax_pass(session.scale, name), **session.rounds(6.0))


CASES = {name: _pass_rows(name) for name in PASSES} | {
    f"fit {name}": _fit_rows(name) for name in SPECS
}


@pytest.mark.parametrize("name", SPECS)
def bench_ours(benchmark, scale, name):
    task = problem(name, scale)
    stick = yardstick(task)
    checked(task, stick, SPECS[name].accuracy)()
    benchmark.group = f"fit {name}"
    benchmark.extra_info["shape"] = (*task.shape, task.n_classes)
    benchmark(_core(task, stick.our_tol(SPECS[name].accuracy)))


@pytest.mark.parametrize("name", PASSES)
def bench_pass(benchmark, scale, name):
    case = softmax_pass(scale, name)
    case.check()
    benchmark.group = name
    benchmark(case.ours)
