"""The class kernels against the reference, for every layout, instruction set and odd shape."""

import itertools

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastlogreg import core, design
from fastlogreg import reference_softmax as many
from fastlogreg._kernels import core as kernels
from fastlogreg.penalty import Penalty
from fastlogreg.softmax import Preconditioner, SoftmaxObjective, class_matrix
from fastlogreg.solvers.quasi_newton import Pairs
from fastlogreg.solvers.softmax_hessian import working_hessian

THREADS = (1, 2, 3, 8)
OPTIONS = [
    dict(zip(("intercept", "weight", "offset", "soft"), flags, strict=True))
    for flags in itertools.product([False, True], repeat=4)
]
ALL = OPTIONS[-1]
KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "C-float32": lambda A: np.ascontiguousarray(A, dtype=np.float32),
    "F-float32": lambda A: np.asfortranarray(A, dtype=np.float32),
    "CSR": lambda A: sp.csr_array(A * (np.add.outer(*map(np.arange, A.shape)) % 3 == 0)),
    "CSR-float32": lambda A: sp.csr_array(KINDS["CSR"](A).astype(np.float32)),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def values(n, p, seed=0):
    """Random numbers that float32 can hold, with scores of about 1 in size."""
    rng = np.random.default_rng([seed, n, p])
    return rng.normal(size=(n, p), scale=p**-0.5).astype(np.float32).astype(np.float64)


def plain(X):
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


class Setting:
    """A problem of K classes over some X, and the arithmetic done plainly beside it."""

    def __init__(self, X, K, *, intercept, weight, offset, soft, rows=None, n_threads=1):
        X, matrix = class_matrix(X, design.as_matrix(X))
        dense = plain(X) if rows is None else plain(X)[rows]
        n, p = dense.shape
        rng = np.random.default_rng([1, n, p, K])
        self.n, self.p, self.q, self.K, self.n_threads = n, p, p + intercept, K, n_threads
        y = rng.dirichlet(np.ones(K), n) if soft else rng.integers(0, K, n).astype(np.int32)
        self.y, self.s, self.o = y, None, None
        if weight:
            self.s = 2.0 * rng.random(n) * (np.arange(n) % 5 > 0)
        if offset:
            self.o = rng.normal(size=(n, K))
        self.theta, self.v = rng.normal(size=(2, K, self.q))
        self.kernel = kernels.Softmax(matrix, K, y, self.s, self.o, intercept, rows)
        self.silent = kernels.Softmax(matrix, K, None, None, self.o, intercept, rows)
        self.design = np.hstack([dense, np.ones((n, int(intercept)))])
        self.weights = np.ones(n) if self.s is None else self.s
        self.z = self.design @ self.theta.T + (0.0 if self.o is None else self.o)
        self.pi = many.softmax(self.z)
        self.proba = np.full((K, kernels.padded(n)), 9.0)  # any number may lie beyond the rows
        self.proba[:, :n] = self.pi.T

    def close(self, got, want, size, scale=1.0):
        """Within rounding: `size` bounds the terms that were added up to make `want`."""
        bound = 4e-16 * (20.0 + 0.2 * (self.n + self.p + self.K)) * (np.asarray(size) + scale)
        error = np.abs(got - want)
        assert np.all(error <= bound), f"error {np.max(error / bound):.3g} times the bound"

    def check_evaluate(self):
        room = np.full((self.K + 2, self.q), 7.5)  # nothing before or behind may change
        gradient, proba = room[1:-1], np.full_like(self.proba, np.nan)
        loss = self.kernel.evaluate(self.theta, gradient, proba, self.n_threads)
        losses = self.weights * many.softmax_cross_entropy(self.y, self.z)
        self.close(loss, losses.sum(), losses.sum())
        residual = self.weights[:, None] * many.softmax_residual(self.y, self.z)
        size = np.abs(self.design).T @ self.weights
        self.close(gradient, residual.T @ self.design, size)
        self.close(proba[:, : self.n], self.pi.T, 1.0)
        assert (room[[0, -1]] == 7.5).all()
        alone = self.kernel.evaluate(self.theta, n_threads=self.n_threads)
        self.close(alone, loss, abs(loss), scale=0.0)

    def check_curved(self):
        out = np.full((self.K, self.q), np.nan)
        self.kernel.curved_product(self.proba, self.v, out, self.n_threads)
        u = self.design @ self.v.T
        r = self.weights[:, None] * self.pi * (u - (self.pi * u).sum(axis=1, keepdims=True))
        sizes = np.abs(self.design) @ np.abs(self.v).max(axis=0)
        size = 2.0 * np.abs(self.design).T @ (self.weights * sizes)
        self.close(out, r.T @ self.design, size)

    def check_dual_gap(self):
        for reach in (0.5, 1.5):
            u = self.design @ self.v.T
            t = u - (self.pi * u).sum(axis=1, keepdims=True)
            counts = self.weights > 0
            if not counts.any():
                return
            most = np.maximum(-t[counts], 0.0).max()
            factor = reach / most if most > 0 else 1.0
            got = self.kernel.dual_gap(self.proba, factor * self.v, self.n_threads)
            cost = self.weights @ many.divergence_bound(self.pi, np.maximum(factor * t, -1.0))
            beyond = self.weights @ (self.pi * np.maximum(-1.0 - factor * t, 0.0)).sum(axis=1)
            size = np.abs(factor * self.design) @ np.abs(self.v).max(axis=0)
            self.close(got[0], cost, self.weights @ (1.0 + size) ** 3)
            self.close(got[1], beyond, self.weights @ (1.0 + size))
            self.close(got[2], factor * most, size.max(initial=1.0))
            assert (got[1] > 0.0) == (reach > 1.0 and most > 0)

    def check_predict(self):
        for dtype, eps in ((np.float64, 0.0), (np.float32, 1.2e-7)):
            out = np.full((self.n + 2, self.K), 7.5, dtype=dtype)
            self.silent.predict(self.theta, out[1:-1], False, self.n_threads)
            size = np.abs(self.design) @ np.abs(self.theta).T + np.abs(self.z)
            self.close(np.maximum(np.abs(out[1:-1] - self.z) - eps * size, 0.0), 0.0, size)
            self.silent.predict(self.theta, out[1:-1], True, self.n_threads)
            self.close(np.maximum(np.abs(out[1:-1] - self.pi) - eps * self.pi, 0.0), 0.0, 1.0)
            assert (out[[0, -1]] == 7.5).all()

    def check(self):
        self.check_evaluate()
        self.check_curved()
        self.check_dual_gap()
        self.check_predict()


# ---------------------------------------------------------------------- shapes, layouts, options


@kinds
def test_odd_shapes(level, kind):
    for K in range(1, 14):
        for p in range(1 + K % 3, 71, 3):
            n = 1 + (37 * p + 113 * K) % 300
            Setting(KINDS[kind](values(n, p)), K, **OPTIONS[(K + p) % 16]).check()


@kinds
@pytest.mark.parametrize("K", [16, 17, 24, 31, 33, 64, 99, 100])
def test_many_classes(level, kind, K):
    for n, p in ((1, 1), (31, 33), (257, 5), (300, 70), (60, 290)):
        Setting(KINDS[kind](values(n, p)), K, **OPTIONS[(K + n) % 16]).check()


@kinds
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(k for k in o if o[k]) or "bare")
def test_options(level, kind, options):
    for n, p, K in ((64, 24, 3), (129, 7, 10), (33, 65, 8)):
        Setting(KINDS[kind](values(n, p)), K, **options).check()


@pytest.mark.parametrize("options", [ALL, OPTIONS[0]], ids=["all", "bare"])
def test_every_layout(layout, options):
    for n, p, K in ((61, 13, 4), (9, 300, 3)):
        Setting(layout.make(values(n, p)), K, **options).check()


@pytest.mark.parametrize("kind", ["C", "C-float32", "F", "CSR"])
def test_blocks_and_chunks(level, kind):
    """More rows than a block or a thread's chunk, columns beyond a span, on three threads."""
    for n, p, K in ((9000, 3, 3), (700, 530, 10), (2500, 40, 21)):
        Setting(KINDS[kind](values(n, p)), K, **ALL, n_threads=3).check()


@pytest.mark.parametrize("kind", ["C", "C-float32"])
def test_picked_rows(level, kind):
    X = KINDS[kind](values(400, 29))
    rng = np.random.default_rng(0)
    for count in (1, 8, 75, 400, 900):
        rows = rng.integers(0, 400, count)
        for options in (ALL, OPTIONS[0]):
            Setting(X, 5, **options, rows=rows).check()
            Setting(X, 11, **options, rows=rows).check()
            Setting(X, 19, **options, rows=rows).check()


@pytest.mark.parametrize("kind", ["C", "F", "CSR"])
def test_no_columns(kind):
    Setting(KINDS[kind](np.zeros((40, 0))), 4, **ALL).check()


def test_rows_without_weight_do_not_count(level):
    X, K = values(100, 6), 4
    setting = Setting(X, K, **ALL)
    counts = setting.s > 0
    assert 0 < counts.sum() < 100
    kernel = kernels.Softmax(
        design.as_matrix(X[counts]), K, setting.y[counts], setting.s[counts], setting.o[counts]
    )
    gradients = np.empty((2, K, 7))
    losses = [
        some.evaluate(setting.theta, gradient)
        for some, gradient in zip((setting.kernel, kernel), gradients, strict=True)
    ]
    setting.close(losses[0], losses[1], losses[0])
    setting.close(gradients[0], gradients[1], 100.0)


# ---------------------------------------------------------------------- threads


def outputs(kind, n_threads):
    """The bits of every pass over 20,000 rows."""
    setting = Setting(KINDS[kind](values(20_000, 11)), 7, **ALL)
    gradient, product = np.empty((2, 7, 12))
    proba, out = np.zeros_like(setting.proba), np.empty((20_000, 7))
    numbers = [setting.kernel.evaluate(setting.theta, gradient, proba, n_threads)]
    setting.kernel.curved_product(proba, setting.v, product, n_threads)
    numbers += setting.kernel.dual_gap(proba, 1e-3 * setting.v, n_threads)
    setting.silent.predict(setting.theta, out, True, n_threads)
    theta = np.zeros((7, 12))
    total = float(setting.weights.sum())
    numbers += setting.kernel.newton(theta, np.full(12, 1e-3), total, 0.0, 3, -1, n_threads)[1:]
    arrays = (gradient, product, proba[:, :20_000], out, theta, np.array(numbers))
    return b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)


@pytest.mark.parametrize("kind", ["C", "C-float32", "F", "CSR"])
def test_the_same_bits_on_any_number_of_threads(level, kind):
    assert len({outputs(kind, n) for n in THREADS}) == 1


# ---------------------------------------------------------------------- tails


@pytest.fixture
def digits():
    with mpmath.workdps(60):
        yield


def score_rows():
    rng = np.random.default_rng(0)
    yield from ([0.0] * 4, [1000.0, -1000.0, 0.0, 999.0], [-1000.0] * 4, [1000.0] * 4)
    yield from ([0.0, -745.0, -708.5, -707.0], [1e150, 0.0, -1e150, 1.0], [3e-17, 0.0, 0.0, -1e-20])
    for spread in (1e-8, 1.0, 30.0, 100.0, 690.0):
        yield from (spread * rng.uniform(-1, 1, size=(12, 4))).tolist()
    for lead in (30.0, 36.7, 37.0, 50.0, 600.0, 705.0):  # sure rows
        yield [lead, 0.0, -1.0, -2.5]


def rounding(z):
    """Relative error of exp(z - max z): a few roundings, and that of the difference itself."""
    return 4e-15 + 1.2e-16 * min(max(z) - min(z), 800.0)


def one_row(z, y):
    """The kernel's loss and residuals at these scores, which are an offset's."""
    K = len(z)
    y = np.array([y], dtype=np.int32) if isinstance(y, int) else np.array([y])
    X = design.as_matrix(np.zeros((1, 1)))
    gradient = np.empty((K, 2))
    loss = kernels.Softmax(X, K, y, None, np.array([z])).evaluate(np.zeros((K, 2)), gradient)
    return loss, gradient[:, 1]


@pytest.mark.parametrize("soft", [False, True])
def test_loss_and_residuals_of_any_scores(level, digits, soft):
    """To a relative error of `rounding`, however sure a row, until exp is denormal."""
    tiny = 1e-306
    for z in score_rows():
        exact = [mpmath.mpf(value) for value in z]
        top = max(range(4), key=lambda k: exact[k])
        e = [mpmath.exp(value - exact[top]) for value in exact]
        rest = mpmath.fsum(value for k, value in enumerate(e) if k != top)
        for label in range(4):
            loss, residual = one_row(z, np.eye(4)[label].tolist() if soft else label)
            want = float(mpmath.log1p(rest) + (exact[top] - exact[label]))
            assert loss == pytest.approx(want, rel=rounding(z), abs=tiny), (z, label)
            pi = [value / (1 + rest) for value in e]
            want = [float(value) for value in pi]
            want[label] = -float(mpmath.fsum(v for k, v in enumerate(pi) if k != label))
            rel, absolute = (0, 3e-16) if soft else (rounding(z), tiny)
            np.testing.assert_allclose(residual, want, rtol=rel, atol=absolute, err_msg=f"{z}")


@pytest.mark.parametrize("K", [2, 4, 8])
def test_losses_around_powers_of_two(level, digits, K):
    """The exponentials sum to 2, 4 or 8 or a neighbour: there the logarithm's pieces meet."""
    for step in range(-40, 41):
        z = np.zeros(K)
        z[-1] = min(step, 0) * 1.1e-16
        z[0] = max(step, 0) * 1.1e-16
        total = mpmath.fsum(mpmath.exp(mpmath.mpf(v)) for v in z)
        want = float(mpmath.log(total) - mpmath.mpf(z[1]))
        assert one_row(z, 1)[0] == pytest.approx(want, rel=1e-15, abs=0), step


def test_sure_rows_keep_their_curvature(level, digits):
    """pi (1 - pi) of a row that is as good as decided, to full relative accuracy."""
    X = design.as_matrix(np.ones((1, 1)))
    for lead in (1.0, 20.0, 36.0, 40.0, 300.0):
        z = [0.0, lead, -1.0]
        proba, out = np.zeros((3, 8)), np.empty((3, 2))
        e = [mpmath.exp(mpmath.mpf(v) - lead) for v in z]
        exact = [v / mpmath.fsum(e) for v in e]
        proba[:, 0] = [float(v) for v in exact]
        v = np.array([[1.0, 0.5], [2.0, -0.3], [-1.0, 0.7]])
        kernel = kernels.Softmax(X, 3)
        kernel.curved_product(proba, v, out)
        u = [mpmath.mpf(a) + mpmath.mpf(b) for a, b in v]
        t = [mpmath.fsum(p * (m - other) for p, other in zip(exact, u, strict=True)) for m in u]
        want = [float(p * m) for p, m in zip(exact, t, strict=True)]
        np.testing.assert_allclose(out, np.column_stack([want, want]), rtol=1e-14)
        cost, beyond, reach = kernel.dual_gap(proba, 0.1 * v)
        want = float(mpmath.fsum(p * m * m for p, m in zip(exact, t, strict=True))) * 0.005
        assert want <= cost <= 1.5 * want
        assert beyond == 0.0
        assert reach == pytest.approx(float(-min(t)) * 0.1, rel=1e-14)


def test_losses_of_soft_targets(level, digits):
    rng = np.random.default_rng(1)
    for z in score_rows():
        for y in (rng.dirichlet(np.ones(4)), np.array([0.5, 0.5, 0.0, 0.0])):
            exact = [mpmath.mpf(value) for value in z]
            top = max(exact)
            # the kernel takes the targets' sum for 1
            want = mpmath.log(mpmath.fsum(mpmath.exp(v - top) for v in exact))
            want += mpmath.fsum(t * (top - v) for t, v in zip(y, exact, strict=True))
            assert one_row(z, y.tolist())[0] == pytest.approx(float(want), rel=4e-15, abs=1e-306)


def test_probabilities_of_any_scores(level, digits):
    """Predicted ones to full relative accuracy down to the smallest normal number."""
    for z in score_rows():
        exact = [mpmath.mpf(value) for value in z]
        total = mpmath.fsum(mpmath.exp(v - max(exact)) for v in exact)
        want = [float(mpmath.exp(v - max(exact)) / total) for v in exact]
        got = core.predict_proba(np.zeros((1, 2)), np.zeros((4, 2)), offset=[z])[0]
        np.testing.assert_allclose(got, want, rtol=rounding(z), atol=1e-320, err_msg=f"{z}")
        scores = core.decision_function(np.zeros((1, 2)), np.zeros((4, 2)), offset=[z])[0]
        np.testing.assert_array_equal(scores, z)


@pytest.mark.parametrize("kind", ["C", "F", "C-float32", "CSR"])
@pytest.mark.parametrize("where", range(0, 40, 7))
def test_nan_is_never_lost(level, kind, where):
    """In any row, of X or of one class' offset; other rows' predictions are untouched."""
    K, A, rng = 5, values(40, 6), np.random.default_rng(0)
    theta = rng.normal(size=(K, 7))
    y, offset = rng.integers(0, K, 40).astype(np.int32), np.zeros((40, K))
    others = np.arange(40) != where
    clean = many.softmax(plain(KINDS[kind](A)) @ theta[:, :6].T + theta[:, 6])
    for k in (None, *range(K)):
        X, o = KINDS[kind](A.copy()), offset.copy()
        if k is None and kind == "CSR":
            X.data[X.indptr[where]] = np.nan
        elif k is None:
            X[where, 3] = np.nan
        else:
            o[where, k] = np.nan
        kernel = kernels.Softmax(design.as_matrix(X), K, y, None, o)
        gradient, proba = np.empty((K, 7)), np.zeros((K, 40))
        assert np.isnan(kernel.evaluate(theta, gradient, proba))
        assert np.isnan(gradient[:, 6]).all()
        assert np.isnan(kernel.evaluate(theta))
        cost, beyond, reach = kernel.dual_gap(proba, 1e-3 * theta)
        assert np.isnan(cost)
        assert np.isnan(beyond)
        assert reach == np.inf
        out = np.empty((40, K))
        kernel.predict(theta, out, True)
        assert np.isnan(out[where]).all()
        np.testing.assert_allclose(out[others], clean[others], rtol=1e-12)


def test_scores_beyond_all_numbers(level):
    X = design.as_matrix(np.array([[1e200]]))

    def loss(theta, label):
        y = np.array([label], dtype=np.int32)
        return kernels.Softmax(X, 3, y, None, None, False).evaluate(np.array(theta)[:, None])

    assert loss([0.0, -1e200, 0.0], 1) == np.inf
    assert loss([0.0, -1e200, 0.0], 0) == pytest.approx(np.log(2), rel=1e-15)
    assert np.isnan(loss([0.0, 1e200, 0.0], 0))


# ---------------------------------------------------------------------- finite differences

problems = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 9), st.integers(1, 11),
    st.sampled_from(sorted(KINDS)), st.sampled_from(OPTIONS),
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(problems)
def test_gradient_and_product_are_slopes(drawn):
    seed, n, p, K, kind, options = drawn
    setting = Setting(KINDS[kind](values(n, p, seed)), K, **options)
    h, kernel, shape = 1e-5, setting.kernel, setting.theta.shape

    def at(step):
        gradient = np.empty(shape)
        return kernel.evaluate(setting.theta + step * setting.v, gradient), gradient

    (up, g_up), (down, g_down), (_, gradient) = at(h), at(-h), at(0.0)
    scale = 1.0 + n * np.abs(setting.v).sum() ** 2
    assert (up - down) / (2 * h) == pytest.approx((gradient * setting.v).sum(), abs=1e-8 * scale)
    product = np.empty(shape)
    kernel.curved_product(setting.proba, setting.v, product)
    np.testing.assert_allclose(product, (g_up - g_down) / (2 * h), atol=1e-8 * scale)


# ---------------------------------------------------------------------- what is refused


def make(**changes):
    arguments = {
        "matrix": design.as_matrix(values(10, 3)), "n_classes": 4,
        "y": np.zeros(10, dtype=np.int32), "weight": np.ones(10), "offset": np.zeros((10, 4)),
    } | changes  # fmt: skip
    return kernels.Softmax(**arguments)


@pytest.mark.parametrize(
    "wrong",
    [
        {"matrix": design.as_matrix(sp.csc_array(values(10, 3)))},
        {"n_classes": 0},
        {"n_classes": -1},
        {"y": np.zeros(9, dtype=np.int32)},
        {"y": np.zeros(10)},
        {"y": np.full(10, 4, dtype=np.int32)},
        {"y": np.array([0] * 9 + [-1], dtype=np.int32)},
        {"y": np.full((10, 3), 1 / 3)},
        {"y": np.full((9, 4), 1 / 4)},
        {"y": np.asfortranarray(np.full((10, 4), 1 / 4))},
        {"weight": np.ones(9)},
        {"offset": np.zeros((10, 3))},
        {"offset": np.zeros((9, 4))},
        {"offset": np.zeros((10, 4), dtype=np.float32)},
        {"rows": np.array([0, 10])},
        {"rows": np.array([0, 1])},
    ],
    ids=str,
)
def test_wrong_problems_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        make(**wrong)


def test_wrong_buffers_are_refused():
    kernel = make()
    good, proba, out = np.zeros((4, 4)), np.zeros((4, 16)), np.zeros((10, 4))
    shapes = [np.zeros(shape) for shape in ((3, 4), (4, 3), (4, 5), (5, 4), (0, 0))]
    for bad in shapes:
        for call in (
            lambda bad: kernel.evaluate(bad),
            lambda bad: kernel.evaluate(good, bad),
            lambda bad: kernel.evaluate(good, None, bad),
            lambda bad: kernel.curved_product(bad, good, good.copy()),
            lambda bad: kernel.curved_product(proba, bad, good.copy()),
            lambda bad: kernel.curved_product(proba, good, bad),
            lambda bad: kernel.dual_gap(bad, good),
            lambda bad: kernel.dual_gap(proba, bad),
            lambda bad: kernel.predict(bad, out, True),
            lambda bad: kernel.predict(good, bad, True),
            lambda bad: kernel.newton(bad, np.zeros(4), 10.0, 0.0, 5),
        ):
            with pytest.raises(ValueError, match=r"\d"):
                call(bad)
    with pytest.raises(ValueError, match="length"):
        kernel.newton(good.copy(), np.zeros(3), 10.0, 0.0, 5)
    with pytest.raises(ValueError, match="no targets"):
        make(y=None).evaluate(good)
    with pytest.raises(ValueError, match="no targets"):
        make(y=None).newton(good.copy(), np.zeros(4), 10.0, 0.0, 5)
    empty = kernels.Softmax(design.as_matrix(np.zeros((0, 3))), 2)
    with pytest.raises(ValueError, match="empty problem"):
        empty.dual_gap(np.zeros((2, 0)), np.zeros((2, 4)))


# ---------------------------------------------------------------------- between the passes


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize(("K", "q"), [(1, 1), (2, 9), (10, 65), (13, 7), (100, 3), (3, 300)])
def test_kronecker(level, dense, K, q):
    rng = np.random.default_rng([K, q])
    u, v = rng.normal(size=(K, K)), rng.normal(size=(q, q)) if dense else None
    d, r = rng.random((K, q)), rng.normal(size=(K, q))
    left = np.eye(q) if v is None else v
    want = u @ (d * (u.T @ r @ left)) @ left.T
    product = kernels.Kronecker(u, v, d)
    for _ in range(2):  # it keeps nothing
        got = r.ravel().copy()
        product.apply(got)
        scale = np.abs(want).max()
        np.testing.assert_allclose(got.reshape(K, q), want, rtol=0, atol=1e-13 * scale)


def test_kronecker_refuses_wrong_shapes():
    good = np.eye(3), np.eye(5), np.ones((3, 5))
    for place, bad in ((0, np.ones((3, 4))), (1, np.eye(4)), (1, np.ones((5, 4))), (2, good[1])):
        parts = list(good)
        parts[place] = bad
        with pytest.raises(ValueError, match="length"):
            kernels.Kronecker(*parts)
    with pytest.raises(ValueError, match="length"):
        kernels.Kronecker(*good).apply(np.zeros(14))


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_pairs_are_the_matrices_of_bfgs(level, memory):
    """H <- (I - rho s y') H (I - rho y s') + rho s s', from the initial matrix of Kronecker."""
    rng = np.random.default_rng(memory)
    K, q = 3, 7
    size = K * q
    curvature = rng.normal(size=(size, size))
    curvature = curvature @ curvature.T + np.eye(size)
    initial = kernels.Kronecker(np.eye(K), None, rng.uniform(0.5, 2.0, size=(K, q)))
    H = np.empty((size, size))
    for k in range(size):
        column = np.eye(size)[k].copy()
        initial.apply(column)
        H[:, k] = column
    start, pairs, kept = H, Pairs(size, memory), []

    def precondition(v):
        initial.apply(v)
        return v

    for _ in range(6):
        step = rng.normal(size=size)
        pairs.add(step, curvature @ step)
        kept.append((step, curvature @ step))
        pairs.add(step, -curvature @ step)  # no curvature: left out
        g = rng.normal(size=size)
        H = start
        for s, change in kept[-memory:]:
            rho = 1.0 / (s @ change)
            left = np.eye(size) - rho * np.outer(s, change)
            H = left @ H @ left.T + rho * np.outer(s, s)
        np.testing.assert_allclose(
            pairs.direction(g, precondition), -H @ g, rtol=0, atol=1e-10 * np.abs(H @ g).max()
        )


def test_pairs_refuse_wrong_lengths():
    pairs = Pairs(6, 3)
    for bad in (lambda v: pairs.add(v, np.ones(6)), lambda v: pairs.add(np.ones(6), v)):
        with pytest.raises(ValueError, match="length"):
            bad(np.ones(5))
    for bad in (pairs.first, pairs.second):
        with pytest.raises(ValueError, match="length"):
            bad(np.ones(7))
    with pytest.raises(ValueError, match="at least 1"):
        Pairs(6, 0)


# ---------------------------------------------------------------------- the objective over them


def objective_over(kind, K, reference_class=None, l2=0.1, **options):
    setting = Setting(KINDS[kind](values(90, 6)), K, **options)
    X = KINDS[kind](values(90, 6))
    objective = SoftmaxObjective(
        X, design.as_matrix(X), setting.y, K, setting.s, setting.o, options["intercept"],
        Penalty(l2=l2), 1, reference_class,
    )  # fmt: skip
    return setting, objective


@pytest.mark.parametrize("reference_class", [None, 2])
@kinds
def test_objective(kind, reference_class):
    setting, objective = objective_over(kind, 4, reference_class, **ALL)
    free = objective.free
    theta = setting.theta[free].ravel()
    full = np.zeros((4, 7))
    full[free] = setting.theta[free]
    data = {"sample_weight": setting.s, "offset": setting.o}
    proba = objective.probabilities()
    f, gradient = objective.value_gradient(theta, proba=proba)
    X = setting.design[:, :6]
    want, slope = many.softmax_loss_gradient(
        X, setting.y, full[:, :6], full[:, 6], alpha=0.1, **data
    )
    assert f == pytest.approx(want, rel=1e-13)
    np.testing.assert_allclose(gradient, slope[free].ravel(), atol=1e-14)
    hessian = many.softmax_hessian(X, full[:, :6], full[:, 6], alpha=0.1, **data)
    some = (7 * free[:, None] + np.arange(7)).ravel()
    hessian = hessian[np.ix_(some, some)]
    v = setting.v[free].ravel()
    np.testing.assert_allclose(objective.curved_product(proba, v), hessian @ v, atol=1e-13)
    last = np.arange(6, len(some), 7)
    np.testing.assert_allclose(objective.coupling(proba), hessian[np.ix_(last, last)], atol=1e-14)


@pytest.mark.parametrize("reference_class", [None, 0])
@kinds
def test_working_hessian(kind, reference_class):
    """Of some parameters, without ridge; shifts of all intercepts get a curvature."""
    setting, objective = objective_over(kind, 5, reference_class, l2=0.0, **ALL)
    theta = setting.theta[objective.free].ravel()
    proba = objective.probabilities()
    objective.value_gradient(theta, proba=proba)
    full = np.zeros((5, 7))
    full[objective.free] = setting.theta[objective.free]
    data = {"sample_weight": setting.s, "offset": setting.o}
    whole = many.softmax_hessian(setting.design[:, :6], full[:, :6], full[:, 6], **data)
    rng = np.random.default_rng(0)
    for share in (0.2, 0.6, 1.0):
        some = np.flatnonzero(rng.random(len(theta)) <= share)
        place = 7 * objective.free[some // 7] + some % 7
        want = whole[np.ix_(place, place)]
        shifts = np.flatnonzero(some % 7 == 6)
        if reference_class is None and len(shifts):
            want[np.ix_(shifts, shifts)] += want[shifts, shifts].mean()
        np.testing.assert_allclose(working_hessian(objective, proba, some), want, atol=1e-14)


@pytest.mark.parametrize("kind", ["C", "F", "CSR"])
@pytest.mark.parametrize("reference_class", [None, 1])
def test_preconditioner(kind, reference_class):
    """The inverse of coupling x second moments + ridge, but for shifts of all classes.

    The moments are summed in single precision.
    """
    setting, objective = objective_over(kind, 4, reference_class, **ALL)
    precondition = Preconditioner(objective)
    proba = objective.probabilities()
    objective.value_gradient(setting.theta[objective.free].ravel(), proba=proba)
    s = setting.weights / setting.weights.sum()
    second = setting.design.T @ (s[:, None] * setting.design)
    if kind == "CSR":
        second = np.diag(second.diagonal())
    for at in (None, proba):
        if at is not None:
            precondition.at(at)
        pi = np.full((90, 4), 0.25) if at is None else at[:, :90].T
        coupling = np.diag(s @ pi) - pi.T @ (s[:, None] * pi)
        coupling = coupling[np.ix_(objective.free, objective.free)]
        size, mixing = np.linalg.eigh(coupling)
        vectors = np.eye(7) if kind == "CSR" else np.linalg.eigh(second)[1]
        ridge = vectors.T**2 @ np.append(np.full(6, 0.1), 0.0)
        moments = (vectors * (second @ vectors)).sum(axis=0)
        curved = np.outer(np.where(size > 1e-9, size, 0.0), moments) + ridge
        inverse = np.where(curved > 1e-14, 1.0 / np.maximum(curved, 1e-14), 0.0)
        r = setting.v[objective.free]
        want = mixing @ (inverse * (mixing.T @ r @ vectors)) @ vectors.T
        got = precondition(r.ravel().copy()).reshape(r.shape)
        np.testing.assert_allclose(got, want, atol=1e-6 * np.abs(want).max())
