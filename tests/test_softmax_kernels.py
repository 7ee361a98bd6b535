"""The class kernels against the reference, for every layout, instruction set and odd shape."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.arrays import ALL, OPTIONS, values
from common.softmax import KINDS, Setting, kinds
from fastlogreg import design
from fastlogreg._kernels import core as kernels

THREADS = (1, 2, 3, 8)


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
