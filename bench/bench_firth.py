"""Firth's penalised likelihood: ours against firthmodels and R's brglm2, all at their defaults."""

import warnings
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest

import fastlogreg

from .measure import Case, Goal, Timed, rows_of
from .problems import gaussian, seeded
from .r import R, package_version
from .reads import bytes_of

SHAPES = {
    "firth 1000x10": ((1_000, 10), (200, 3)),
    "firth 10000x30": ((10_000, 30), (400, 5)),
    "firth 100000x30": ((100_000, 30), (900, 5)),
}  # at full and at smoke scale
SPEEDUP = 5.0


@dataclass(frozen=True)
class Task:
    """Data, the solution to 1e-11 standard errors, and those errors; the intercept comes last."""

    name: str
    X: np.ndarray
    y: np.ndarray
    theta: np.ndarray
    standard_errors: np.ndarray

    def error(self, theta):
        """The largest error of a parameter, in standard errors."""
        return float(np.abs((theta - self.theta) / self.standard_errors).max())


def task(name, scale):
    """The named problem; independent columns, which are the peers' best case."""
    X, y = gaussian(seeded(name), *SHAPES[name][scale != "full"])
    best = fastlogreg.firth(X, y, tol=1e-11)
    assert best.converged, f"{name}: {best.stop_reason}"
    return Task(name, X, y, np.append(best.coef, best.intercept), best.standard_errors)


def ours(task):
    return fastlogreg.firth(task.X, task.y)


def firthmodels(task, backend):
    """(call, read-out) of firthmodels; it imports no data and compiles before it is timed."""
    from firthmodels import FirthLogisticRegression

    model = FirthLogisticRegression(backend=backend)
    call = lambda: model.fit(task.X, task.y)  # noqa: E731
    return call, lambda: np.append(model.coef_, model.intercept_)


def brglm2(task):
    """(call, read-out) of the function behind R's formulas, with X and its column of ones there."""
    process = R("brglm2")
    process.put("X", np.column_stack([task.X, np.ones(len(task.y))]))
    process.put("y", task.y)
    call = lambda: process.run("fit <- brglmFit(X, y, family = binomial())")  # noqa: E731
    return call, lambda: process.get("fit$coefficients")


def peers(task):
    """{name: (call, read-out)} of the peers that are here."""
    found = {}
    if find_spec("firthmodels"):
        found["firthmodels numpy"] = firthmodels(task, "numpy")
        if find_spec("numba"):
            found["firthmodels numba"] = firthmodels(task, "numba")
    if package_version("brglm2"):
        found["R brglm2"] = brglm2(task)
    return found


def case(task):
    """Ours against each of them; at the defaults we have to be as accurate as any."""
    theirs = peers(task)
    goals = [Goal(None, at_most=float("inf"))]
    goals += [Goal(name, at_least=SPEEDUP) for name in theirs]
    result = ours(task)
    error = task.error(np.append(result.coef, result.intercept))
    notes = {None: f"error {error:.0e} s.e."}
    for name, (call, read_out) in theirs.items():
        call()
        notes[name] = f"error {task.error(read_out()):.0e} s.e."

    def check():
        assert result.converged, f"{task.name}: {result.stop_reason}"
        assert error <= 1e-6, f"{task.name}: error {error:.1e} standard errors"

    timed = {name: Timed(call) for name, (call, _) in theirs.items()}
    return Case(task.name, lambda: ours(task), timed, goals, check, notes)


def _rows(name):
    def rows(session):
        one = task(name, session.scale)
        session.log(f"  {one.X.shape[0]} x {one.X.shape[1]}, {bytes_of(one.X) / 1e6:.1f} MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers that stop early say so
            return rows_of(case(one), **session.rounds(20.0))

    return rows


CASES = {name: _rows(name) for name in SHAPES}


@cache
def _cached(name, scale):
    return task(name, scale)


@pytest.mark.parametrize("name", SHAPES)
def bench_ours(benchmark, scale, name):
    one = _cached(name, scale)
    benchmark.group = name
    result = benchmark(ours, one)
    assert one.error(np.append(result.coef, result.intercept)) <= 1e-6
