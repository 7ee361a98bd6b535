"""Lasso fits, whole paths and cross-validation to equal accuracy: ours against the best peer."""

import warnings
from functools import partial

import pytest

import fastlogreg

from .fits import best_peer_only, peer_call, rung_text, sure_of_optimum
from .ladder import climb_all, fastest
from .lasso import curve_yardstick, problem, yardstick
from .lasso_peers import FITS, FOLDS, splits
from .measure import Case, Goal, rows_of
from .reads import bytes_of

TOLERANCES = [10.0**-e for e in range(4, 14)]


def _fit(task, tol):
    return fastlogreg.fit(task.X, task.y, alpha=task.alphas[0], l1_ratio=1, tol=tol)


def _path(task, tol):
    return fastlogreg.logistic_path(task.X, task.y, alphas=task.alphas, tol=tol)


def _cross_validation(task, tol):
    """The mean held-out loss at every alpha."""
    model = fastlogreg.LogisticRegressionCV(
        alphas=task.alphas, l1_ratios=(1,), cv=splits(task), scoring="neg_log_loss",
        tol=(10 * tol) ** 0.5, max_iter=1000, use_legacy_attributes=False,
    )  # fmt: skip
    return -model.fit(task.X, task.y).scores_.mean(axis=0).ravel()


def ours(task):
    """(call with a tolerance, read-out) of whatever solves the task."""
    if task.folds is not None:
        return partial(_cross_validation, task), lambda curve: (curve,)
    if len(task.alphas) == 1:
        return partial(_fit, task), lambda fit: (fit.coef[None], [fit.intercept])
    return partial(_path, task), lambda path: (path.coefs, path.intercepts)


def our_tolerance(task, stick, accuracy):
    """The first tolerance that is accurate enough, as the peers have theirs.

    A single fit has to prove its accuracy.
    """
    if len(task.alphas) == 1:
        return stick.our_tol(accuracy)
    call, read_out = ours(task)
    for tol in TOLERANCES:
        if stick.suboptimality(task, *read_out(call(tol))) <= accuracy:
            return tol
    raise AssertionError(f"{task.name}: no tolerance reaches {accuracy:g}")


def checked(task, stick, accuracy, tol):
    """Assert that we reach the accuracy at which times are compared."""
    call, read_out = ours(task)

    def check():
        reached = stick.suboptimality(task, *read_out(call(tol)))
        assert reached <= accuracy, f"{task.name}: suboptimality {reached:.2e}"

    return check


def judge(task):
    """The yardstick of a task, for us and the peers that are here."""
    if task.folds is not None:
        return curve_yardstick(task)
    here = [peer for peer in FITS.peers.values() if peer.installed and peer.suits(task)]
    return yardstick(task, {peer.own for peer in here})


def _case(subject, name, task, stick, found):
    spec = subject.specs[name]
    if task.folds is None:
        sure_of_optimum(name, found, spec.accuracy)
    tol = our_tolerance(task, stick, spec.accuracy)
    theirs, goals, notes = {}, [Goal(None, at_most=float("inf"))], {None: f"tol {tol:.1e}"}
    for rung in fastest(subject, name, found):
        theirs[rung.peer] = peer_call(subject.peers[rung.peer], task, rung)
        goals.append(Goal(rung.peer, at_least=spec.speedup))
        notes[rung.peer] = f"{rung.peer} {rung_text(rung)}"
    call, _ = ours(task)
    check = checked(task, stick, spec.accuracy, tol)
    return Case(name, partial(call, tol), theirs, goals, check, notes)


def _rows(subject, name):
    def rows(session):
        """Climb the ladders unless an earlier run's are at hand; time the best side by side."""
        task = problem(name, session.scale)
        session.log(f"  {task.shape[0]} x {task.shape[1]}, {bytes_of(task.X) / 1e6:.0f} MB")
        stick = judge(task)
        if name not in session.ladders:
            climbed = climb_all(subject, name, session.scale, task, stick, session.log)
            session.ladders[name] = climbed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers that stop early say so
            case = _case(subject, name, task, stick, session.ladders[name])
            return best_peer_only(rows_of(case, **session.rounds(20.0)), subject.peers)

    return rows


CASES = {name: _rows(subject, name) for subject in (FITS, FOLDS) for name in subject.specs}


@pytest.fixture(scope="module")
def judged(scale):
    """Tasks with their yardsticks, made once."""
    cache = {}

    def get(name):
        if name not in cache:
            cache.clear()
            task = problem(name, scale)
            cache[name] = task, judge(task)
        return cache[name]

    return get


@pytest.mark.parametrize("name", CASES)
def bench_ours(benchmark, judged, name):
    task, stick = judged(name)
    accuracy = {**FITS.specs, **FOLDS.specs}[name].accuracy
    tol = our_tolerance(task, stick, accuracy)
    checked(task, stick, accuracy, tol)()
    benchmark.group = name
    benchmark.extra_info["n"], benchmark.extra_info["p"] = task.shape
    benchmark(partial(ours(task)[0], tol))
