"""Firth's penalised likelihood and its relatives: the maximum, and what must hold of it."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.firth import TIGHT, data, likelihood, same
from fastlogreg import firth, reference

# ---------------------------------------------------------------------- the maximum


@pytest.mark.parametrize("power", [0.5, 1.3])
def test_against_the_reference(problem, power, level):
    X, y, arguments = problem.X, problem.y, problem.arguments
    if problem.rank_deficient or len(X) < X.shape[1]:
        with pytest.raises(ValueError, match="Drop one column"):
            firth(X, y, power=power, **arguments)
        return
    result = firth(X, y, power=power, tol=TIGHT, **arguments)
    assert result.converged
    coef, intercept, values = reference.firth(X, y, power=power, tol=TIGHT, **arguments)
    theta = coef if intercept is None else np.append(coef, intercept)
    mine = result.coef if intercept is None else np.append(result.coef, result.intercept)
    np.testing.assert_allclose(mine / result.standard_errors, theta / result.standard_errors,
                               rtol=0, atol=1e-6)  # fmt: skip
    assert result.penalised_loglik == pytest.approx(values[-1], rel=1e-9)


@pytest.mark.parametrize("power", [0.0, 0.5, 2.0])
def test_the_score_is_the_derivative(power):
    X, y = data()
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    offset = np.linspace(-1, 1, len(y))
    search = likelihood(X, y, weight, offset, power)
    theta = np.linspace(-0.5, 0.7, search.q)
    score = search.maximise(theta, np.inf, 0).score
    for j, step in enumerate(1e-5 * np.eye(search.q)):
        ends = [search.maximise(theta + s, np.inf, 0).penalised_loglik for s in (step, -step)]
        assert score[j] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("method", ["firth", "flic", "flac", "median"])
def test_the_report_of_the_end_is_true(method):
    X, y = data(size=2.0)
    result = firth(X, y, method=method, tol=1e-6)
    assert result.converged
    assert result.step <= 1e-6
    assert result.decrement == 0.5 * result.step**2
    assert result.score_norm < 1e-4
    exact = firth(X, y, method=method, tol=1e-12)
    error = np.append(result.coef - exact.coef, result.intercept - exact.intercept)
    assert (np.abs(error) <= 2e-6 * exact.standard_errors).all()
    root = np.sqrt(result.covariance.diagonal())
    np.testing.assert_array_equal(result.standard_errors, root)


def test_a_tolerance_of_zero_ends_at_the_rounding_floor():
    X, y = data()
    result = firth(X, y, tol=0.0)
    assert result.converged
    assert "rounding floor" in result.stop_reason
    assert result.step < 1e-10


def test_the_iteration_limit_is_told():
    X, y = data()
    for limit in (0, 1):
        result = firth(X, y, max_iter=limit, tol=1e-12)
        assert not result.converged
        assert result.n_iter == limit
        assert "iteration limit" in result.stop_reason
        assert result.step > 1e-12
    assert (firth(X, y, max_iter=0).coef == 0).all()


def test_power_zero_is_maximum_likelihood():
    X, y = data(n=400)
    result = firth(X, y, power=0.0, tol=TIGHT)
    fit = fastlogreg.fit(X, y, tol=1e-14)
    np.testing.assert_allclose(result.coef, fit.coef, atol=1e-7)
    assert result.loglik == pytest.approx(-fit.objective * len(y), rel=1e-12)
    assert result.penalised_loglik == result.loglik


@pytest.mark.parametrize("n", [4_000, 30_000])
def test_a_start_on_a_sample_leads_to_the_same_maximum(n):
    X, y = data(n=n, p=6, size=1.5)
    result = firth(X, y, tol=TIGHT)
    other = firth(X, y, tol=TIGHT, start=(np.zeros(6), 0.0))
    assert other.n_iter > result.n_iter
    same(result, other)


def test_a_start_at_the_solution_stays_there():
    X, y = data()
    result = firth(X, y, tol=TIGHT)
    again = firth(X, y, tol=1e-8, start=(result.coef, result.intercept))
    assert again.n_iter == 0
    np.testing.assert_array_equal(again.coef, result.coef)


# ---------------------------------------------------------------------- invariances


@pytest.mark.parametrize("method", ["firth", "flic", "flac", "median"])
def test_weights_are_repeats(method):
    X, y = data()
    weight = np.random.default_rng(3).integers(0, 4, len(y))
    times = np.repeat(np.arange(len(y)), weight)
    weighted = firth(X, y, sample_weight=weight, method=method, tol=TIGHT)
    repeated = firth(X[times], y[times], method=method, tol=TIGHT)
    np.testing.assert_allclose(weighted.coef, repeated.coef, rtol=0, atol=1e-9)
    assert weighted.intercept == pytest.approx(repeated.intercept, abs=1e-9)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-8, atol=1e-12)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-12)
    if method != "median":
        np.testing.assert_allclose(weighted.interval(), repeated.interval(), rtol=0, atol=1e-6)
        assert weighted.test([0, 2]).statistic == pytest.approx(repeated.test([0, 2]).statistic)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("method", ["firth", "flic", "flac", "median"])
def test_layouts_agree(kind, method):
    X, y = data()
    X[np.abs(X) < 0.5] = 0.0
    same_as = firth(X, y, method=method, tol=TIGHT)
    result = firth(kind(X), y, method=method, tol=TIGHT)
    np.testing.assert_allclose(result.coef, same_as.coef, rtol=0, atol=1e-9)
    single = firth(kind(X.astype(np.float32)), y, method=method, tol=TIGHT)
    other = firth(X.astype(np.float32).astype(float), y, method=method, tol=TIGHT)
    np.testing.assert_allclose(single.coef, other.coef, rtol=0, atol=1e-9)


def test_the_order_of_rows_does_not_matter():
    X, y = data(n=3_000, p=8)
    order = np.random.default_rng(0).permutation(len(y))
    same(firth(X[order], y[order], tol=TIGHT), firth(X, y, tol=TIGHT))


def test_linear_maps_of_the_columns_change_nothing_else():
    X, y = data()
    change = np.random.default_rng(4).standard_normal((4, 4)) * [1e-4, 1.0, 1e3, 1e6]
    shift = np.array([1.0, -2.0, 30.0, 1e5])
    result, moved = firth(X, y, tol=TIGHT), firth(X @ change + shift, y, tol=TIGHT)
    np.testing.assert_allclose(change @ moved.coef, result.coef, rtol=0, atol=1e-7)
    assert moved.intercept + shift @ moved.coef == pytest.approx(result.intercept, abs=1e-7)
    assert moved.loglik == pytest.approx(result.loglik, rel=1e-10)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_the_bits_do_not_depend_on_threads(kind):
    X, y = data(n=30_000, p=13)
    one = firth(kind(X), y, n_threads=1)
    for n_threads in (2, 5):
        other = firth(kind(X), y, n_threads=n_threads)
        np.testing.assert_array_equal(one.coef, other.coef)
        np.testing.assert_array_equal(one.covariance, other.covariance)
        assert one.penalised_loglik == other.penalised_loglik


def test_swapped_classes_turn_the_signs():
    X, y = data()
    a, b = firth(X, y, tol=TIGHT), firth(X, 1 - y, tol=TIGHT)
    np.testing.assert_allclose(a.coef, -b.coef, atol=1e-9)
    assert a.intercept == pytest.approx(-b.intercept, abs=1e-9)


def test_targets_may_be_shares():
    """k of n rows of one kind are one row of weight n and target k / n."""
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    ones, rows = np.array([0, 1, 3, 5]), np.array([4, 3, 6, 5])
    shares = firth(X, ones / rows, sample_weight=rows, tol=TIGHT)
    apart = np.repeat(X, 2, axis=0)
    counts = np.column_stack([rows - ones, ones]).ravel()
    same(shares, firth(apart, np.tile([0, 1], 4), sample_weight=counts, tol=TIGHT))


# ---------------------------------------------------------------------- separated data


@pytest.mark.parametrize("method", ["firth", "flic", "flac", "median"])
def test_separated_data_have_finite_estimates(method):
    X = np.linspace(-1, 1, 20)[:, None]
    result = firth(X, (X[:, 0] > 0.1).astype(int), method=method)
    assert result.converged
    assert np.isfinite(result.coef).all()
    assert 0 < result.coef[0] < 100
    assert np.isfinite(result.standard_errors).all()
    if method != "median":
        assert np.isfinite(result.interval()).all()


def test_one_constant_column_and_its_exact_answer():
    """With the intercept alone the estimate is log((k + a) / (n - k + a))."""
    X = np.empty((10, 0))
    for k in (0, 3, 10):
        y = (np.arange(10) < k).astype(int)
        for power in (0.5, 1.0):
            result = firth(X, y, power=power, tol=TIGHT)
            assert result.intercept == pytest.approx(
                np.log((k + power) / (10 - k + power)), abs=1e-9
            )
    median = firth(X, np.arange(10) < 3, method="median", tol=TIGHT)
    assert median.intercept == pytest.approx(np.log((3 + 1 / 6) / (7 + 1 / 6)), abs=1e-9)


def test_a_two_by_two_table_and_its_exact_answer():
    """Firth's fit of a saturated table adds 1/2 to each cell (Haldane, Anscombe)."""
    X = np.repeat([[0.0], [1.0]], 10, axis=0)
    y = np.r_[np.arange(10) < 4, np.arange(10) < 10].astype(int)
    result = firth(X, y, tol=TIGHT)
    assert result.intercept == pytest.approx(np.log(4.5 / 6.5), abs=1e-9)
    assert result.coef[0] == pytest.approx(np.log(10.5 / 0.5) - np.log(4.5 / 6.5), abs=1e-8)


def test_profiles_without_a_penalty_may_have_no_end():
    X = np.r_[0.0, 0, 0, 0, 0, 1, 1, 1][:, None]
    y = np.array([0, 1, 0, 1, 0, 1, 1, 1])  # x = 1 only with class 1
    result = firth(X, y, power=0.5)
    assert np.isfinite(result.interval()).all()
    overlapping = firth(X, np.array([0, 1, 0, 1, 0, 1, 0, 1]), power=0.0)
    assert np.isfinite(overlapping.interval()).all()
    table = firth(np.r_[X, [[1.0]]], np.r_[y, 0], power=0.0)
    low, high = table.interval(columns=0)[0]
    assert low < table.coef[0] < high


@pytest.mark.parametrize("kind", ["partly", "completely", "classes", "flic"])
def test_maximum_likelihood_of_separated_classes_is_told(kind):
    X = np.array([[1.0, 3], [1, 1], [1, 2], [0, 4], [0, 5], [0, 3], [0, 2], [0, 6], [0, 1]])
    y, given = np.array([1, 1, 1, 0, 1, 0, 1, 0, 1]), {}
    if kind == "completely":
        y = (X[:, 0] == 1).astype(int)
    if kind == "classes":
        y, given = y + (X[:, 0] == 1), {"n_classes": 3, "reference_class": 0}
    if kind == "flic":
        given = {"method": "flic"}
    with pytest.warns(fastlogreg.SeparationWarning, match="x0"):
        result = firth(X, y, power=0.0, **given)
    assert not result.converged
    assert "separated" in result.stop_reason
    with pytest.raises(ValueError, match=r"Inference\(X, y\)\.conf_int\(method='profile'\)"):
        result.interval()


def test_the_test_of_separated_classes_is_that_of_the_supremum():
    X = np.array([[1.0, 3], [1, 1], [1, 2], [0, 4], [0, 5], [0, 3], [0, 2], [0, 6], [0, 1]])
    y = np.array([1, 1, 1, 0, 1, 0, 1, 0, 1])
    with pytest.warns(fastlogreg.SeparationWarning):
        result = firth(X, y, power=0.0)
    expected = fastlogreg.Inference(X, y)
    assert result.test().statistic == pytest.approx(expected.lr_test().statistic, abs=1e-8)
    assert result.test(1).pvalue == pytest.approx(expected.lr_test(1).pvalue, abs=1e-8)


# ---------------------------------------------------------------------- relatives


@pytest.mark.parametrize("method", ["flic", "flac"])
def test_the_mean_probability_is_the_observed_one(method):
    X, y = data(n=60, size=3.0)
    weight = 1.0 + np.arange(len(y)) % 3
    offset = np.linspace(-1, 1, len(y))
    result = firth(X, y, method=method, sample_weight=weight, offset=offset, tol=TIGHT)
    pi = fastlogreg.predict_proba(X, result.coef, result.intercept, offset=offset)[:, 1]
    assert weight @ pi == pytest.approx(weight @ y, rel=1e-8)
    plain = firth(X, y, sample_weight=weight, offset=offset)
    pi = fastlogreg.predict_proba(X, plain.coef, plain.intercept, offset=offset)[:, 1]
    assert abs(weight @ pi - weight @ y) > 0.1


def test_flac_is_maximum_likelihood_on_augmented_data():
    X, y = data()
    plain = firth(X, y, tol=TIGHT)
    h = reference.leverages(X, plain.coef, plain.intercept)
    both = np.vstack([np.column_stack([X, 0 * y]), np.column_stack([X, 0 * y + 1])])
    both = np.vstack([both, both[len(y) :]])
    fit = fastlogreg.fit(
        both, np.r_[y, y, 1 - y], sample_weight=np.r_[0 * h + 1, h / 2, h / 2], tol=1e-14
    )
    result = firth(X, y, method="flac", tol=TIGHT)
    np.testing.assert_allclose(result.coef, fit.coef[:-1], rtol=0, atol=1e-7)
    assert result.intercept == pytest.approx(fit.intercept, abs=1e-7)
    pi = reference.predict_proba(X, result.coef, result.intercept)
    assert result.loglik == pytest.approx(np.log(np.where(y, pi, 1 - pi)).sum(), rel=1e-12)


def test_the_median_is_equivariant_under_scaling():
    X, y = data(n=40)
    scale = np.array([1e-3, 1.0, -2.0, 1e4])
    result = firth(X, y, method="median", tol=TIGHT)
    other = firth(X * scale, y, method="median", tol=TIGHT)
    np.testing.assert_allclose(other.coef * scale, result.coef, rtol=0, atol=1e-7)
    assert np.isnan(result.penalised_loglik)
