"""Peak memory above the input of a softmax fit and of a first-order pass, in fresh processes.

As in `bench_memory.py`: the resident set's high-water mark, and what NumPy allocated beside it.
"""

import json
import sys

import numpy as np
import pytest

from .bench_memory import SUPPORTED, high_water, in_fresh_process, traced_peak
from .classes import problem
from .measure import Row

NAME = "softmax pixels"
WHAT = ("fit", "pass")
SMALL = 4 * 2**20  # stacks, code pages and what else the system counts


def allowed(what, n, p, n_classes):
    """Bytes: a pass has blocks and sums of K p, a fit also probabilities, pairs and moments."""
    blocks = 2 * 2 * 264 * (n_classes + 8) * 8
    if what == "pass":
        return SMALL + blocks + 8 * 40 * n_classes * (p + 8)
    return SMALL + blocks + 8 * (3 * n * n_classes + 120 * n_classes * p + 8 * p * p)


def _calls(task):
    import fastlogreg
    from fastlogreg import design
    from fastlogreg.penalty import Penalty
    from fastlogreg.softmax import SoftmaxObjective

    y = task.y.astype(np.int32)
    objective = SoftmaxObjective(
        task.X, design.as_matrix(task.X), y, task.n_classes, None, None, True,
        Penalty(l2=task.alpha), fastlogreg.get_num_threads(),
    )  # fmt: skip

    def fit():
        result = fastlogreg.fit(task.X, y, n_classes=task.n_classes, alpha=task.alpha, tol=1e-6)
        assert result.converged, result.stop_reason

    def one_pass():
        objective.value_gradient(np.ones(objective.q * task.n_classes))

    return {"fit": fit, "pass": one_pass}


def _in_this_process(scale, what):
    small = problem(NAME, "smoke")
    _calls(small)[what]()  # lazy imports, threads
    task = problem(NAME, scale)
    call = _calls(task)[what]
    resident = high_water(call)
    return {
        "X": task.X.nbytes, "resident": resident, "traced": traced_peak(call),
        "allowed": allowed(what, *task.shape, task.n_classes),
    }  # fmt: skip


def peak_memory(scale, what):
    return in_fresh_process("bench.bench_classes_memory", scale, what)


def _rows(what):
    def rows(session):
        if not SUPPORTED:
            session.log("  skipped: this system has no /proc/self/clear_refs")
            return []
        peak = peak_memory(session.scale, what)
        found = []
        for key, goal in (("resident", peak["allowed"] / peak["X"]), ("traced", None)):
            value = peak[key] / peak["X"]
            note = "3 n K + 120 K p + 8 p p" if what == "fit" else "40 K p and blocks"
            found.append(
                Row(
                    f"memory softmax {what}", f"{key} / X", value, value, value, "at most", goal,
                    ours=float(peak[key]), theirs=float(peak["X"]), unit="B",
                    note=f"{note} doubles" if goal else "NumPy's alone",
                )
            )  # fmt: skip
        return found

    return rows


CASES = {f"memory softmax {what}": _rows(what) for what in WHAT}


@pytest.mark.skipif(not SUPPORTED, reason="needs /proc/self/clear_refs")
@pytest.mark.parametrize("what", WHAT)
def bench_memory(benchmark, scale, what):
    peak = benchmark.pedantic(peak_memory, (scale, what), rounds=1)
    benchmark.extra_info.update(peak)
    assert peak["X"] > 0


if __name__ == "__main__":
    print(json.dumps(_in_this_process(*sys.argv[1:])))
