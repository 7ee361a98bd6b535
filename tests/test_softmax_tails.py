"""The class kernels far out: scores of any size, sure rows, soft targets, nan and infinity."""

import mpmath
import numpy as np
import pytest

from common.arrays import dense, values
from common.softmax import KINDS
from fastlogreg import core, design
from fastlogreg import reference_softmax as many
from fastlogreg._kernels import core as kernels


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
    clean = many.softmax(dense(KINDS[kind](A)) @ theta[:, :6].T + theta[:, 6])
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
