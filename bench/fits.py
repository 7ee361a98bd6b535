"""Fits to equal accuracy, binary and softmax: ours against the best peer and reads of X."""

import math
import warnings
from dataclasses import replace

import fastlogreg

from .ladder import climb_all, default_rung, fastest
from .measure import Case, Goal, Timed, rows_of
from .reads import UNIT, bytes_of, one_read


def core(task, tol):
    """The functional core's fit, as a call."""
    return lambda: fastlogreg.fit(
        task.X, task.y, n_classes=task.n_classes, alpha=task.alpha, tol=tol
    )


def estimator(task, tol):
    """The estimator asked for a relative suboptimality `tol`; its own `tol` bounds a gradient."""
    gradient_tol = math.sqrt(10 * tol)
    model = fastlogreg.LogisticRegression(C=task.inverse_penalty, tol=gradient_tol, max_iter=1000)
    return lambda: model.fit(task.X, task.y)


def checked(task, stick, accuracy):
    """Assert that core and estimator reach the accuracy at which times are compared."""
    tol = stick.our_tol(accuracy)

    def check():
        result = core(task, tol)()
        assert result.converged, f"{task.name}: {result.stop_reason}"
        reached = stick.suboptimality(task, result.coef, result.intercept)
        assert reached <= accuracy, f"{task.name}: relative suboptimality {reached:.2e}"
        model = estimator(task, tol)()
        reached = stick.suboptimality(task, model.coef_, model.intercept_)
        assert reached <= accuracy, f"{task.name}, estimator: suboptimality {reached:.2e}"

    return check


def sure_of_optimum(name, found, accuracy):
    """No peer may lie below the certified optimum: then the certificate, not the peer, is wrong."""
    lowest = min((rung["suboptimality"] for rung in found["rungs"]), default=0.0)
    assert lowest > -0.1 * accuracy, f"{name}: a peer is below the certified optimum: {lowest:.2e}"


def peer_call(peer, task, rung):
    """A peer's fit as its rung was; its data are prepared here, untimed."""
    data = peer.prepare(task)
    return Timed(lambda: peer.fit(task, data, **rung.arguments), rung.threads)


def rung_text(rung):
    """Arguments and threads of a rung, for a note."""
    values = " ".join(f"{key}={value:g}" for key, value in rung.arguments.items())
    return f"{values} {rung.threads}t"


def _cases(subject, name, task, stick, found):
    """Core, and estimator where it counts, against the peers fastest on their ladders."""
    spec = subject.specs[name]
    sure_of_optimum(name, found, spec.accuracy)
    tol = stick.our_tol(spec.accuracy)
    theirs = {"reads of X": Timed(lambda: one_read(task.X))}
    goals = [
        Goal("reads of X", at_most=spec.reads or math.inf),
        Goal(None, at_most=spec.seconds or math.inf),
    ]
    notes = {"reads of X": UNIT, None: f"tol {tol:.1e}"}
    for rung in fastest(subject, name, found):
        theirs[rung.peer] = peer_call(subject.peers[rung.peer], task, rung)
        goals.append(Goal(rung.peer, at_least=0 if spec.estimator else spec.speedup))
        notes[rung.peer] = f"{rung.peer} {rung_text(rung)}"
    default = default_rung(subject, found)
    if default:
        label = "sklearn default"
        theirs[label] = peer_call(subject.default, task, default)
        goals.append(Goal(label, at_least=spec.speedup_default or 0))
        notes[label] = f"stops at {default.suboptimality:.0e}, {default.threads}t"
    check = checked(task, stick, spec.accuracy)
    yield Case(f"fit {name}", core(task, tol), theirs, goals, check, notes)
    if spec.estimator:
        theirs = {key: call for key, call in theirs.items() if key != "reads of X"}
        goals = [Goal(key, at_least=spec.speedup if key in subject.peers else 0) for key in theirs]
        yield Case(f"fit {name} (estimator)", estimator(task, tol), theirs, goals, check, notes)


def best_peer_only(rows, peers):
    """The goal stands against the peer that was fastest here; the near ones stay, without it."""
    peers = [row for row in rows if row.what in peers]
    if not peers:
        return rows
    best = min(peers, key=lambda row: row.theirs)
    renamed = {row.what: replace(row, what="next peer", goal=None) for row in peers}
    renamed[best.what] = replace(best, what="best peer")
    return [renamed.get(row.what, row) for row in rows]


def fit_cases(subject, yardstick):
    """The table's fits of a subject, by name.  `yardstick`: (problem) -> who judges its fits."""

    def rows_for(name):
        def rows(session):
            """Climb the ladders unless an earlier run's are at hand; time the best side by side."""
            task = subject.problem(name, session.scale)
            shape = " x ".join(str(length) for length in task.shape)
            classes = f", {task.n_classes} classes" if task.n_classes else ""
            session.log(f"  {shape}{classes}, {bytes_of(task.X) / 1e6:.0f} MB")
            stick = yardstick(task)
            if name not in session.ladders:
                climbed = climb_all(subject, name, session.scale, task, stick, session.log)
                session.ladders[name] = climbed
            found = []
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # peers that stop early say so
                for case in _cases(subject, name, task, stick, session.ladders[name]):
                    timed = rows_of(case, **session.rounds(20.0))
                    found += best_peer_only(timed, subject.peers)
            return found

        return rows

    return {f"fit {name}": rows_for(name) for name in subject.specs}
