"""Fits to equal accuracy: ours against the best peer, scikit-learn's default, and reads of X."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest

import fastlogreg

from .accuracy import yardstick
from .ladder import climb, climb_all, default_rung, fastest
from .measure import Case, Goal, Timed, rows_of
from .peers import PEERS, SKLEARN_DEFAULT, SUBJECT
from .problems import SPECS, problem
from .reads import UNIT, bytes_of, one_read


def _core(task, tol):
    return lambda: fastlogreg.fit(task.X, task.y, alpha=task.alpha, tol=tol)


def _estimator(task, tol):
    """The estimator asked for a relative suboptimality `tol`; its own `tol` bounds a gradient."""
    gradient_tol = math.sqrt(10 * tol)
    model = fastlogreg.LogisticRegression(C=task.inverse_penalty, tol=gradient_tol, max_iter=1000)
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


def peer_call(peer, task, rung):
    """A peer's fit as its rung was; its data are prepared here, untimed."""
    data = peer.prepare(task)
    return Timed(lambda: peer.fit(task, data, **rung.arguments), rung.threads)


def sure_of_optimum(name, found, accuracy):
    """No peer may lie below the certified optimum: then the certificate, not the peer, is wrong."""
    lowest = min((rung["suboptimality"] for rung in found["rungs"]), default=0.0)
    assert lowest > -0.1 * accuracy, f"{name}: a peer is below the certified optimum: {lowest:.2e}"


def fit_cases(name, task, stick, found):
    """Core, and estimator where it counts, against the peers fastest on their ladders."""
    spec = SPECS[name]
    sure_of_optimum(name, found, spec.accuracy)
    theirs = {"reads of X": Timed(lambda: one_read(task.X))}
    goals = [
        Goal("reads of X", at_most=spec.reads or math.inf),
        Goal(None, at_most=spec.seconds or math.inf),
    ]
    tol = stick.our_tol(spec.accuracy)
    notes = {"reads of X": UNIT, None: f"tol {tol:.1e}"}
    for rung in fastest(SUBJECT, name, found):
        theirs[rung.peer] = peer_call(PEERS[rung.peer], task, rung)
        goals.append(Goal(rung.peer, at_least=0 if spec.estimator else spec.speedup))
        notes[rung.peer] = f"{rung.peer} {rung_text(rung)}"
    default = default_rung(SUBJECT, found)
    if default:
        label = "sklearn default"
        theirs[label] = peer_call(SKLEARN_DEFAULT, task, default)
        goals.append(Goal(label, at_least=spec.speedup_default or 0))
        notes[label] = f"stops at {default.suboptimality:.0e}, {default.threads}t"
    check = checked(task, stick, spec.accuracy)
    case = Case(f"fit {name}", _core(task, tol), theirs, goals, check, notes)
    if not spec.estimator:
        return [case]
    ours = _estimator(task, tol)
    peers_only = {key: call for key, call in theirs.items() if key != "reads of X"}
    wanted = [Goal(key, at_least=spec.speedup if key in PEERS else 0) for key in peers_only]
    return [case, Case(f"fit {name} (estimator)", ours, peers_only, wanted, check, notes)]


def best_peer_only(rows, peers):
    """The goal stands against the peer that was fastest here; the near ones stay, without it."""
    peers = [row for row in rows if row.what in peers]
    if not peers:
        return rows
    best = min(peers, key=lambda row: row.theirs)
    renamed = {row.what: replace(row, what="next peer", goal=None) for row in peers}
    renamed[best.what] = replace(best, what="best peer")
    return [renamed.get(row.what, row) for row in rows]


def rung_text(rung):
    """Arguments and threads of a rung, for a note."""
    values = " ".join(f"{key}={value:g}" for key, value in rung.arguments.items())
    return f"{values} {rung.threads}t"


def _rows(name):
    def rows(session):
        """Climb the ladders unless an earlier run's are at hand; time the best side by side."""
        task = problem(name, session.scale)
        session.log(f"  {task.shape[0]} x {task.shape[1]}, {bytes_of(task.X) / 1e6:.0f} MB")
        stick = yardstick(task)
        if name not in session.ladders:
            session.ladders[name] = climb_all(
                SUBJECT, name, session.scale, task, stick, session.log
            )
        found = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers that stop early say so
            for case in fit_cases(name, task, stick, session.ladders[name]):
                found += best_peer_only(rows_of(case, **session.rounds(20.0)), PEERS)
        return found

    return rows


CASES = {f"fit {name}": _rows(name) for name in SPECS}


@pytest.fixture(scope="module")
def judged(scale):
    """Problems with their yardsticks, made once."""
    cache = {}

    def get(name):
        if name not in cache:
            cache.clear()
            task = problem(name, scale)
            cache[name] = task, yardstick(task)
        return cache[name]

    return get


@pytest.mark.parametrize("name", SPECS)
def bench_ours(benchmark, judged, name):
    task, stick = judged(name)
    accuracy = SPECS[name].accuracy
    checked(task, stick, accuracy)()
    benchmark.group = f"fit {name}"
    benchmark.extra_info["n"], benchmark.extra_info["p"] = task.shape
    benchmark(_core(task, stick.our_tol(accuracy)))


@pytest.mark.parametrize("name", SPECS)
def bench_estimator(benchmark, judged, name):
    task, stick = judged(name)
    accuracy = SPECS[name].accuracy
    model = benchmark(_estimator(task, stick.our_tol(accuracy)))
    benchmark.group = f"fit {name}"
    assert stick.suboptimality(task, model.coef_, model.intercept_) <= accuracy
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize(
    ("name", "peer"), [(name, peer) for name, spec in SPECS.items() for peer in spec.rivals]
)
def bench_rival(benchmark, judged, name, peer):
    """The peers known to be fastest, at the first tolerance that is accurate enough."""
    peer = PEERS[peer]
    if not peer.installed:
        pytest.skip(f"{peer.package} is not installed")
    task, stick = judged(name)
    climbed = [rung for rung in climb(peer, task, stick, SPECS[name].accuracy) if rung]
    rung = min((r for r in climbed if r.reached), key=lambda r: r.seconds, default=climbed[-1])
    benchmark.group = f"fit {name}"
    benchmark.extra_info["suboptimality"] = rung.suboptimality
    data = peer.prepare(task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        benchmark(peer.fit, task, data, **rung.arguments)
