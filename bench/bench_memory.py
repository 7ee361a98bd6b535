"""Peak memory above the input during a fit, in a fresh process (Linux: /proc/self/clear_refs).

What counts is the high-water mark of the resident set during the fit minus the resident set before
it; beside it stands the peak of what Python and NumPy allocated (tracemalloc), which misses C.
"""

import json
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from . import ROOT
from .measure import Row
from .problems import problem

SQUARES = 8  # the O(p^2) allowed: so many p x p matrices of doubles
LAYOUTS = {
    f"{name} {order} {dtype}": (name, order, dtype)
    for name in ("tall30", "tall500")
    for order in "CF"
    for dtype in ("float64", "float32")
}
SUPPORTED = os.path.exists("/proc/self/clear_refs")


def _resident():
    """(now, high-water mark) of the resident set in bytes."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return tuple(int(lines[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))


def _in_this_process(scale, name, order, dtype):
    """Fit once untraced for the resident set and once under tracemalloc."""
    import fastlogreg

    task = problem(name, scale)
    X, y, alpha = np.array(task.X, order=order, dtype=dtype), task.y, task.alpha
    del task
    small = np.random.default_rng(0).standard_normal((300, X.shape[1])).astype(dtype)
    fastlogreg.fit(small, np.arange(300) % 2, alpha=1.0)  # lazy imports, threads

    def fit():
        result = fastlogreg.fit(X, y, alpha=alpha)
        assert result.converged, result.stop_reason

    resident = high_water(fit)
    return {"X": X.nbytes, "p": X.shape[1], "resident": resident, "traced": traced_peak(fit)}


def high_water(call):
    """Bytes by which the resident set rises during a call."""
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")  # the high-water mark falls to the present
    before, _ = _resident()
    call()
    return _resident()[1] - before


def traced_peak(call):
    """Bytes that Python and NumPy allocate during a call, at their peak."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def in_fresh_process(module, *arguments):
    """What a module prints for these arguments, run where freed memory is returned at once."""
    environment = dict(os.environ, MALLOC_MMAP_THRESHOLD_="65536", MALLOC_TRIM_THRESHOLD_="0")
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def peak_memory(scale, name, order, dtype):
    """Bytes of X and the two peaks, from a fresh process."""
    return in_fresh_process("bench.bench_memory", scale, name, order, dtype)


def _rows(layout):
    def rows(session):
        if not SUPPORTED:
            session.log("  skipped: this system has no /proc/self/clear_refs")
            return []
        peak = peak_memory(session.scale, *LAYOUTS[layout])
        allowed = 0.05 + SQUARES * 8 * peak["p"] ** 2 / peak["X"]
        return [
            Row(
                f"memory {layout}", f"{what} / X", value, value, value, "at most", goal,
                ours=float(peak[key]), theirs=float(peak["X"]), unit="B",
                note="5 % and 8 p x p matrices" if goal else "NumPy's alone",
            )
            for what, key, goal in (("resident", "resident", allowed), ("traced", "traced", None))
            for value in [peak[key] / peak["X"]]
        ]  # fmt: skip

    return rows


CASES = {f"memory {layout}": _rows(layout) for layout in LAYOUTS}


@pytest.mark.skipif(not SUPPORTED, reason="needs /proc/self/clear_refs")
@pytest.mark.parametrize("layout", LAYOUTS)
def bench_memory(benchmark, scale, layout):
    peak = benchmark.pedantic(peak_memory, (scale, *LAYOUTS[layout]), rounds=1)
    benchmark.extra_info.update(peak)
    assert peak["X"] > 0


if __name__ == "__main__":
    print(json.dumps(_in_this_process(*sys.argv[1:])))
