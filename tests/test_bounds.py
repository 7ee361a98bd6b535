"""No pass reads or writes outside of its arrays: each array ends, or begins, at a forbidden page.

Runs in fresh processes, because a mistake ends them.
"""

import signal
import sys
import textwrap

import pytest

from fastlogreg._kernels import core as kernels

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs mmap and mprotect"
)

GUARD = textwrap.dedent(
    """
    import ctypes, mmap
    import numpy as np

    PAGE = mmap.PAGESIZE
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    kept = []

    def guarded(like, at_end):
        '''A copy of an array between two pages that may not be touched, flush with one of them.'''
        like = np.asarray(like)
        size = -(-max(like.nbytes, 1) // PAGE) * PAGE
        memory = mmap.mmap(-1, size + 2 * PAGE)
        whole = np.frombuffer(memory, dtype=np.uint8)
        kept.append((memory, whole))
        for page in (0, size + PAGE):
            outcome = protect(ctypes.c_void_p(whole.ctypes.data + page), PAGE, 0)
            assert outcome == 0, ctypes.get_errno()
        start = PAGE + size - like.nbytes if at_end else PAGE
        order = "F" if like.flags.f_contiguous and not like.flags.c_contiguous else "C"
        copy = whole[start : start + like.nbytes].view(like.dtype).reshape(like.shape, order=order)
        copy[...] = like
        return copy
    """
)

PASSES = GUARD + textwrap.dedent(
    """
    import itertools
    import scipy.sparse as sp
    from fastlogreg import design
    from fastlogreg._kernels.core import Columns, Problem, Screen, WorkingSet, padded

    def work(problem, n, p, G):
        "Columns copied, walked along and screened."
        rng = np.random.default_rng(2)
        order, half = G(rng.permutation(p)), p // 2
        for by_column in (True, False) if problem.matrix.layout in "CF" else (True,):
            columns = Columns(problem.matrix, by_column)
            columns.add(order[:half])
            columns.add(order[half:])
            working = WorkingSet(problem.over(columns.matrix), p, not by_column)
            working.penalise(G(np.full(p, 0.01)), 0.1, -np.inf, np.inf)
            working.evaluate()
            working.minimise(0.0, 1e-3, 2)
            working.look_ahead(G(np.zeros(p)))
            working.take()
        screen, level, inside = Screen(problem), G(np.full(p, 0.5)), G(np.arange(p) % 3 == 0)
        for turn in range(9):
            screen.violators(G(rng.normal(size=n)), level if turn % 2 else 0.5, inside)
            screen.foreseen(level, inside)

    def run(A, layout, intercept, soft, at_end):
        G = lambda like: guarded(like, at_end)
        rng = np.random.default_rng(0)
        n, p = A.shape
        q, Q = p + intercept, padded(p + intercept)
        if layout in ("csr", "csc"):
            S = getattr(sp, layout + "_array")(A * (A > 0))
            X = getattr(sp, layout + "_array")(S.shape, dtype=A.dtype)
            X.data, X.indices, X.indptr = G(S.data), G(S.indices), G(S.indptr.astype(np.int64))
        else:
            X = G(np.asarray(A, order=layout))
        y = G(rng.random(n) if soft else rng.integers(0, 2, n).astype(np.uint8))
        s, o = G(rng.random(n)), G(rng.normal(size=n))
        theta, v, h = G(rng.normal(size=q)), G(rng.normal(size=q)), G(rng.random(n))
        matrix = design.as_matrix(X)
        assert min(n, p) == 1 or matrix.layout.lower() == layout.lower()
        problems = [Problem(matrix, y, s, o, intercept)]
        if layout == "C":
            rows = G(np.arange(n)[::-1].copy())
            problems.append(Problem(matrix, y, s, o, intercept, rows))
        for problem in problems:
            gradient, H, r, c, z = (G(np.zeros(shape)) for shape in (q, (Q, Q), n, n, n))
            by_row = layout != "csc"
            problem.evaluate(theta, gradient, H if by_row else None, r, c, z)
            problem.evaluate(theta)
            problem.losses(z, r, c)
            problem.curved_product(h, v, gradient)
            problem.collect(h, gradient, False)
            problem.collect(h, gradient, True)
            problem.dual_gap(theta, v)
            problem.dual_gap(theta, v, h)
            if by_row:
                problem.gram(h, H)
                problem.gram(None, H)
                problem.newton(theta.copy(), 0.1, s.sum(), 1e-9, 3)
            for dtype in (np.float32, np.float64):
                problem.predict(theta, G(np.zeros(n, dtype)))
                problem.predict(theta, G(np.zeros((n, 2), dtype)))
        work(problems[0], n, p, G)
        if layout in "CF" and n <= 128:
            out = G(np.zeros((padded(n),) * 2))
            Problem(matrix.transposed(), None, None, None, False).gram(None, out)
        kept.clear()

    for n, p in SIZES:
        A = np.random.default_rng(1).normal(size=(n, p))
        for layout, dtype, flag, at_end in itertools.product(
            LAYOUTS, (np.float64, np.float32), (False, True), (False, True)
        ):
            run(A.astype(dtype), layout, flag, flag, at_end)
    print("unharmed")
    """
)

SIZES = [
    (1, 1), (2, 3), (7, 7), (8, 8), (9, 9), (15, 16), (17, 1), (63, 5), (64, 24), (65, 25),
    (129, 13), (3, 101), (5, 65), (40, 257), (513, 2), (300, 33), (9, 1030),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("level", kernels.available_levels())
@pytest.mark.parametrize("layouts", [("C",), ("F",), ("csr", "csc")])
def test_passes_stay_inside_their_arrays(run_python, level, layouts):
    code = f"SIZES, LAYOUTS = {SIZES!r}, {layouts!r}\n{PASSES}"
    done = run_python(code, FASTLOGREG_ISA=level, check=False)
    assert (done.returncode, done.stdout) == (0, "unharmed\n"), done.stderr


ELEMENTWISE = GUARD + textwrap.dedent(
    """
    from fastlogreg._kernels import core
    for n in [*range(1, 18), 127, 128, 129, 500]:
        for at_end in (False, True):
            for dtype, suffix in ((np.float64, ""), (np.float32, "_f32")):
                z, out = guarded(np.ones(n, dtype), at_end), guarded(np.zeros(n, dtype), at_end)
                getattr(core, "sigmoid" + suffix)(z, out)
                getattr(core, "softplus" + suffix)(z, -1.0, out)
            z, y, s, out = (guarded(np.ones(n), at_end) for _ in range(4))
            core.cross_entropy(y, z, out)
            core.weighted_log_loss(y, z, s)
            core.weighted_log_loss(y, z, None)
            core.read_sum(z, 1)
            for dtype in (np.int64, np.int32, np.uint8, np.float64, np.float32):
                core.encode_labels(
                    guarded(np.ones(n, dtype), at_end), dtype(0), dtype(1),
                    guarded(np.zeros(n, np.uint8), at_end),
                )
        kept.clear()
    print("unharmed")
    """
)


@pytest.mark.parametrize("level", kernels.available_levels())
def test_elementwise_kernels_stay_inside_their_arrays(run_python, level):
    done = run_python(ELEMENTWISE, FASTLOGREG_ISA=level, check=False)
    assert (done.returncode, done.stdout) == (0, "unharmed\n"), done.stderr


@pytest.mark.parametrize(("at_end", "index"), [(True, 5), (False, -1)])
def test_one_step_too_far_ends_the_process(run_python, at_end, index):
    code = f"""
array = guarded(np.zeros(5), {at_end})
array[{"4" if at_end else "0"}] = 1.0
print("inside", flush=True)
ctypes.c_double.from_address(array.ctypes.data + 8 * {index}).value
"""
    done = run_python(GUARD + code, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGSEGV, "inside\n")
