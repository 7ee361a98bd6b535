"""Threads: the same bits for any number, fork, several callers at once, Ctrl-C, the GIL."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import core, parallel
from fastlogreg._kernels import core as kernels

THREADS = (1, 2, 3, 8)

# Run here and in a fresh process, so that both make the same numbers.
WORK = """
import hashlib
import numpy as np
import scipy.sparse as sp
import fastlogreg
from fastlogreg import core

def data(layout, n=40_000, p=12):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)).astype(np.float32)
    y = X @ np.linspace(-1, 1, p) + rng.logistic(size=n) > 0
    kinds = {
        "C": np.ascontiguousarray, "F": np.asfortranarray, "C-float64": lambda A: A.astype(float),
        "csr": lambda A: sp.csr_array(A * (A > 0.2)), "csc": lambda A: sp.csc_array(A * (A > 0.2)),
    }
    return kinds[layout](X), y, rng.random(n), rng.normal(size=n)

def digest(*values):
    together = b"".join(np.asarray(value, dtype=float).tobytes() for value in values)
    return hashlib.sha256(together).hexdigest()

def passes(layout, n_threads):
    X, y, s, o = data(layout)
    rng = np.random.default_rng(1)
    coef, vector = rng.normal(size=12), rng.normal(size=13)
    more = {"sample_weight": s, "offset": o, "alpha": 0.1, "n_threads": n_threads}
    return digest(
        *core.loss_gradient(X, y, coef, 0.5, **more),
        *core.loss_gradient_hessian(X, y, coef, 0.5, **more),
        core.hessian_vector_product(X, y, coef, 0.5, vector, **more),
        core.predict_proba(X, coef, 0.5, offset=o, n_threads=n_threads),
    )

def fit(layout, solver, n_threads):
    X, y, s, o = data(layout)
    result = fastlogreg.fit(
        X, y, alpha=1e-4, sample_weight=s, offset=o, solver=solver, n_threads=n_threads
    )
    assert result.converged
    return digest(result.coef, result.intercept, result.objective, result.certificate.gap)
"""
made = {}
exec(WORK, made)
data, passes, fit = (made[name] for name in ("data", "passes", "fit"))


@pytest.mark.parametrize("layout", ["C", "F", "C-float64", "csr", "csc"])
def test_passes_give_the_same_bits(layout, level):
    assert len({passes(layout, n) for n in (*THREADS, 8)}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["C", "F", "csr", "csc"])
@pytest.mark.parametrize("solver", ["auto", "multilevel", "newton", "truncated-newton", "lbfgs"])
def test_fits_give_the_same_bits(layout, solver):
    assert len({fit(layout, solver, n) for n in (*THREADS, 8)}) == 1


def test_dual_gives_the_same_bits():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150, 4000)), rng.integers(0, 2, 150)
    results = [fastlogreg.fit(X, y, alpha=0.1, solver="dual", n_threads=n) for n in (*THREADS, 8)]
    assert len({(result.objective, result.coef.tobytes()) for result in results}) == 1


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_bits(run_python):
    here = [passes("C", 2), fit("C", "auto", 3), fit("csr", "auto", 2)]
    there = 'print(passes("C", 8), fit("C", "auto", 1), fit("csr", "auto", 3))'
    for _ in range(2):
        assert run_python(WORK + there).stdout.split() == here


def test_order_matters_to_these_sums():
    """The test above could fail: another order of adding gives other bits."""
    X, y, *_ = data("C-float64")
    one = core.loss_gradient(X, y, np.ones(12))[1]
    other = core.loss_gradient(X[::-1], y[::-1], np.ones(12))[1]
    assert one.tobytes() != other.tobytes()
    np.testing.assert_allclose(one, other, rtol=1e-11)


def test_threads_share_the_work():
    """A pool thread exists after a pass on two threads: the comparisons above are not of one."""
    if not sys.platform.startswith("linux"):
        pytest.skip("counts threads in /proc")
    X, y, *_ = data("C-float64")
    core.loss_gradient(X, y, np.ones(12), n_threads=3)
    assert len(os.listdir("/proc/self/task")) >= threading.active_count() + 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads affinities")
def test_callers_affinity_is_left_alone(run_python):
    """The pool keeps off the caller's processor, within what it may use; the caller stays free."""
    run_python(
        WORK
        + """
import os
allowed = os.sched_getaffinity(0)
before = passes("C", 3)
assert os.sched_getaffinity(0) == allowed
others = [os.sched_getaffinity(int(task)) for task in os.listdir("/proc/self/task")]
assert len(others) >= 3 and all(other and other <= allowed for other in others)
if len(allowed) > 1:
    assert sum(len(other) == len(allowed) - 1 for other in others) >= 2
os.sched_setaffinity(0, {min(allowed)})  # a caller that may run in one place only
assert passes("C", 3) == before
assert os.sched_getaffinity(0) == {min(allowed)}
"""
    )


# ---------------------------------------------------------------------- how many


def test_set_num_threads():
    default = fastlogreg.get_num_threads()
    assert default >= 1
    try:
        fastlogreg.set_num_threads(3)
        assert (fastlogreg.get_num_threads(), parallel.resolve(None), parallel.resolve(-1)) == (
            3,
        ) * 3
        assert parallel.resolve(5) == 5
    finally:
        fastlogreg.set_num_threads(None)
    assert fastlogreg.get_num_threads() == default
    for bad in (0, -2, 1.5, "x", [1]):
        with pytest.raises(ValueError, match="n must be a positive integer, got "):
            fastlogreg.set_num_threads(bad)
    assert fastlogreg.get_num_threads() == default


def test_environment_sets_the_threads(run_python):
    say = "print(fastlogreg.get_num_threads())"
    code = f"import fastlogreg; {say}; fastlogreg.set_num_threads(2); {say}"
    assert run_python(code, FASTLOGREG_NUM_THREADS="7").stdout == "7\n2\n"
    assert run_python(code, FASTLOGREG_NUM_THREADS="7", OMP_NUM_THREADS="1").stdout == "7\n2\n"
    assert run_python(code, OMP_NUM_THREADS="1").stdout == "1\n2\n"
    assert run_python(code, OMP_NUM_THREADS="1,2").stdout == "1\n2\n"
    small_fit = "import fastlogreg; fastlogreg.fit([[0.0], [1.0], [2.0]], [0, 1, 0], alpha=0.1)"
    for refused in (code, small_fit):
        done = run_python(refused, check=False, FASTLOGREG_NUM_THREADS="many")
        assert done.returncode == 1
        assert "FASTLOGREG_NUM_THREADS must be a positive integer, got 'many'" in done.stderr


COUNT = """
import os, threading
import numpy as np, fastlogreg
X, y = np.random.default_rng(0).normal(size=(50_000, 20)), np.arange(50_000) % 2
CALL
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
@pytest.mark.parametrize(
    ("call", "environment", "threads"),
    [
        ("fastlogreg.fit(X, y)", {"FASTLOGREG_NUM_THREADS": "1"}, 1),
        ("fastlogreg.fit(X, y)", {"FASTLOGREG_NUM_THREADS": "3"}, 3),
        ("fastlogreg.fit(X, y, n_threads=4)", {"FASTLOGREG_NUM_THREADS": "1"}, 4),
        ("fastlogreg.set_num_threads(2); fastlogreg.fit(X, y)", {}, 2),
        ("fastlogreg.fit(X[:100], y[:100])", {"FASTLOGREG_NUM_THREADS": "4"}, 1),
    ],
)
def test_no_more_threads_than_asked_for(run_python, call, environment, threads):
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} | environment
    assert int(run_python(COUNT.replace("CALL", call), **environment).stdout) == threads


# ---------------------------------------------------------------------- fork, several callers

FORK = """
import multiprocessing, os, sys, time
X, y, s, o = data("C")

def one(n_threads=3):
    return fastlogreg.fit(X, y, alpha=0.1, n_threads=n_threads).objective

def in_child(pipe):
    pipe.send(one())
"""

PLAIN_FORK = """
want = one()
child = os.fork()
if child == 0:
    os._exit(0 if one() == want else 3)
assert os.waitpid(child, 0)[1] == 0
assert one() == want
"""

POOL_FORK = """
if __name__ == "__main__":
    want = one()
    context = multiprocessing.get_context("fork")
    ends = [context.Pipe() for _ in range(3)]
    children = [context.Process(target=in_child, args=(end,)) for _, end in ends]
    for child in children:
        child.start()
    assert [end.recv() for end, _ in ends] == [want] * 3
    for child in children:
        child.join(20)
        assert child.exitcode == 0
    assert one() == want
"""

BUSY_FORK = """
import threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # that forking with threads is dangerous
want, stop = one(), threading.Event()
def busy():
    while not stop.is_set():
        one()
worker = threading.Thread(target=busy)
worker.start()
for _ in range(10):
    time.sleep(0.01)
    child = os.fork()
    if child == 0:
        os._exit(0 if one() == want else 3)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
worker.join()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("how", [PLAIN_FORK, POOL_FORK, BUSY_FORK], ids=["plain", "pool", "busy"])
def test_fork_after_a_threaded_fit(run_python, how):
    run_python(WORK + FORK + how, timeout=60, OPENBLAS_NUM_THREADS="1")


@pytest.mark.slow
def test_eight_callers_at_once():
    X, y, s, o = data("C")
    S = sp.csr_array(X * (X > 0.5))
    want = [fastlogreg.fit(Z, y, alpha=1e-3, sample_weight=s, offset=o) for Z in (X, S)]
    got, errors = {}, []

    def call(i):
        try:
            for repeat in range(3):
                for k, Z in enumerate((X, S)):
                    got[i, repeat, k] = fastlogreg.fit(
                        Z, y, alpha=1e-3, sample_weight=s, offset=o, n_threads=1 + i % 3
                    )
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not errors
    assert len(got) == 48
    for (*_, k), result in got.items():
        np.testing.assert_array_equal(result.coef, want[k].coef)
        assert result.objective == want[k].objective


# ---------------------------------------------------------------------- Ctrl-C, the GIL

LONG = {
    "one long fit": """
X, y = np.random.default_rng(0).normal(size=(60_000, 400)), np.arange(60_000) % 2
print("start", flush=True)
fastlogreg.fit(X, y, solver="newton", tol=0.0, max_iter=10_000, start=(np.ones(400), 0.0))
""",
    "one long pass": """
X, y = np.broadcast_to(np.random.default_rng(0).normal(size=300), (5_000_000, 300)), None
problem = core.kernels.Problem(core.design.as_matrix(X), None)
out = np.empty((304, 304))
print("start", flush=True)
began = time.monotonic()
try:
    problem.gram(None, out, THREADS)
finally:
    assert time.monotonic() - began < 1.5, "the pass went on"
    X, y = X[:4], [0, 1, 0, 1]
""",
    "many passes": """
X, y = np.random.default_rng(0).normal(size=(200_000, 30)), np.arange(200_000) % 2
print("start", flush=True)
while True:
    core.loss_gradient(X, y, np.ones(30), n_threads=THREADS)
""",
    "Firth's fits": """
X, y = np.random.default_rng(0).normal(size=(60_000, 30)), np.arange(60_000) % 2
print("start", flush=True)
while True:
    fastlogreg.firth(X, y, tol=0.0)
""",
    "many small fits": """
X, y = np.random.default_rng(0).normal(size=(150, 4)), np.arange(150) % 2
print("start", flush=True)
while True:
    fastlogreg.fit(X, y)
""",
}
INTERRUPTED = """
import time
import numpy as np, fastlogreg
from fastlogreg import core
fastlogreg.set_num_threads(THREADS)
try:
    while True:
        BODY
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
assert abs(core.loss_gradient(X, y, np.zeros(X.shape[1]))[0] - np.log(2)) < 1e-12
print("works on")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to one process")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("what", LONG)
def test_ctrl_c_ends_it_within_a_second(start_python, what, n_threads):
    body = LONG[what].strip().replace("\n", "\n        ")
    code = INTERRUPTED.replace("BODY", body).replace("THREADS", str(n_threads))
    process = start_python(code, OPENBLAS_NUM_THREADS="1")
    assert process.stdout.readline() == "start\n"
    time.sleep(0.4)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    lines = out.split("\n")
    assert process.returncode == 0, errors
    assert lines[-2] == "works on"
    assert float(lines[-3]) - sent < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 2])
def test_other_python_threads_go_on_during_a_pass(n_threads):
    X = np.random.default_rng(0).normal(size=(20_000, 500))
    problem = kernels.Problem(fastlogreg.design.as_matrix(X), None)
    out = np.empty((kernels.padded(501),) * 2)
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.perf_counter()
    problem.gram(None, out, n_threads)
    ended = time.perf_counter()
    stop.set()
    thread.join()
    during = np.array([t for t in ticks if began < t < ended])
    # the pass itself lets others in every 50 ms, to look for Ctrl-C: between those, too
    assert ended - began > 0.03
    assert len(during) > (ended - began) / 0.025
