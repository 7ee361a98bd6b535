"""Firth's penalised likelihood for more than two classes."""

import numpy as np
import pytest
import scipy.sparse as sp

from common.firth import TIGHT, data, same
from fastlogreg import firth
from fastlogreg.bias.softmax import SoftmaxLikelihood


def classes(n=150, p=3, k=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    z = X @ rng.standard_normal((p, k)) + rng.standard_normal(k)
    return X, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def test_the_softmax_score_is_the_derivative():
    X, codes = classes()
    rng = np.random.default_rng(1)
    y, weight = np.eye(4)[codes], rng.integers(0, 3, len(codes)).astype(float)
    for power in (0.0, 0.5, 1.5):
        search = SoftmaxLikelihood(X, y, weight, rng.standard_normal(y.shape), True, power, 1)
        theta = rng.standard_normal(search.q) / 2
        score = search.maximise(theta, np.inf, 0).score
        for j, step in enumerate(1e-5 * np.eye(search.q)):
            ends = [search.maximise(theta + s, np.inf, 0).penalised_loglik for s in (step, -step)]
            assert score[j] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-6)


def test_two_classes_are_the_binary_case():
    X, y = data()
    weight, offset = 1.0 + np.arange(len(y)) % 2, np.linspace(-1, 1, len(y))
    binary = firth(X, y, sample_weight=weight, offset=offset, tol=TIGHT)
    both = np.column_stack([np.zeros(len(y)), offset])
    soft = firth(X, y, n_classes=2, reference_class=0, sample_weight=weight, offset=both, tol=TIGHT)
    np.testing.assert_allclose(soft.coef, [0 * binary.coef, binary.coef], rtol=0, atol=1e-8)
    np.testing.assert_allclose(soft.intercept, [0, binary.intercept], rtol=0, atol=1e-8)
    np.testing.assert_allclose(soft.standard_errors[1], binary.standard_errors, rtol=1e-8)
    assert soft.penalised_loglik == pytest.approx(binary.penalised_loglik, rel=1e-12)
    np.testing.assert_allclose(soft.interval()[1], binary.interval(), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(soft.interval()[0], 0.0)
    assert soft.test(1).statistic == pytest.approx(binary.test(1).statistic, rel=1e-8)
    halves = firth(X, y, n_classes=2, sample_weight=weight, offset=both, tol=TIGHT)
    np.testing.assert_allclose(halves.coef, np.outer([-0.5, 0.5], binary.coef), atol=1e-8)


def test_the_reference_class_does_not_matter():
    X, y = classes()
    symmetric = firth(X, y, n_classes=4, tol=TIGHT)
    np.testing.assert_allclose(symmetric.coef.sum(axis=0), 0.0, atol=1e-12)
    for k in range(4):
        other = firth(X, y, n_classes=4, reference_class=k, tol=TIGHT)
        np.testing.assert_array_equal(other.coef[k], 0.0)
        np.testing.assert_array_equal(other.standard_errors[k], 0.0)
        moved = other.coef - other.coef.mean(axis=0)
        np.testing.assert_allclose(moved, symmetric.coef, rtol=0, atol=1e-8)
        assert other.penalised_loglik == pytest.approx(symmetric.penalised_loglik, rel=1e-12)
        assert other.test([0, 2]).statistic == pytest.approx(symmetric.test([0, 2]).statistic)
        assert other.test([0, 2]).df == 6
        spread = [  # the variance of a difference of classes
            c[0, 0] + c[4, 4] - 2 * c[0, 4] for c in (other.covariance, symmetric.covariance)
        ]
        assert spread[0] == pytest.approx(spread[1], rel=1e-7)


def test_the_summary_of_classes_leaves_the_reference_out():
    X, y = classes()
    result = firth(X, y, n_classes=4, reference_class=1)
    table = result.summary()
    assert table.rows[3:6] == ("0:intercept", "2:x0", "2:x1")
    assert len(table.rows) == 12
    np.testing.assert_array_equal(table["coef"][4:7], result.coef[2])
    np.testing.assert_array_equal(table.values[:4, 4:], result.interval()[0])
    pair = firth(X[y < 2], y[y < 2] == 0, tol=TIGHT)
    two = firth(X[y < 2], y[y < 2], n_classes=2, reference_class=1, tol=TIGHT).summary()
    np.testing.assert_allclose(two.values, pair.summary().values, rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match="needs reference_class"):
        firth(X, y, n_classes=4).summary()
    assert "3:intercept" in str(firth(X, y, n_classes=4))


def test_more_classes_than_rows_have_and_separated_ones():
    X, y = classes()
    result = firth(X, y, n_classes=5)  # the last class has no row
    assert result.converged
    assert np.isfinite(result.coef).all()
    line = np.linspace(0, 3, 30)[:, None]
    apart = firth(line, line[:, 0].astype(int).clip(0, 2), n_classes=3, reference_class=0)
    assert apart.converged
    assert np.isfinite(apart.interval(columns=0)).all()


def test_probabilities_sparse_data_and_weights():
    X, y = classes()
    one = firth(X, y, n_classes=4, tol=TIGHT)
    for other in (
        firth(X, np.eye(4)[y], tol=TIGHT),
        firth(sp.csr_array(X), y.astype(float), n_classes=4, tol=TIGHT),
        firth(np.r_[X, X], np.r_[y, y], n_classes=4, sample_weight=np.r_[0 * y + 1, 0 * y],
              tol=TIGHT),
    ):  # fmt: skip
        same(other, one)
    weight = np.random.default_rng(2).integers(0, 3, len(y))
    times = np.repeat(np.arange(len(y)), weight)
    same(
        firth(X, y, n_classes=4, sample_weight=weight, tol=TIGHT),
        firth(X[times], y[times], n_classes=4, tol=TIGHT),
    )
    without = firth(X, y, n_classes=4, fit_intercept=False, tol=TIGHT)
    assert (without.intercept == 0).all()
    assert without.standard_errors.shape == (4, 3)
