"""Firth's penalised likelihood and its relatives, for two classes and for more."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import firth, reference
from fastlogreg.bias.binary import BinaryLikelihood
from fastlogreg.bias.softmax import SoftmaxLikelihood

TIGHT = 1e-9


def data(n=120, p=4, seed=0, size=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    z = size * X @ np.linspace(-1, 1, p) + 0.4
    return X, (rng.random(n) < reference.sigmoid(z)).astype(np.uint8)


def likelihood(X, y, weight=None, offset=None, power=0.5):
    return BinaryLikelihood(np.asarray(X), y, weight, offset, True, power, 1)


def same(a, b, tolerance=1e-7):
    """Two results to a tolerance in standard errors."""
    unit = np.where(b.standard_errors > 0, b.standard_errors, 1.0)
    parts = [np.column_stack([r.coef, r.intercept]) if r.coef.ndim == 2
             else np.append(r.coef, r.intercept) for r in (a, b)]  # fmt: skip
    unit = unit if parts[0].shape == unit.shape else np.append(unit, 1.0)
    np.testing.assert_allclose(parts[0] / unit, parts[1] / unit, rtol=0, atol=tolerance)
    assert a.penalised_loglik == pytest.approx(b.penalised_loglik, rel=1e-12, abs=1e-9)


# ---------------------------------------------------------------------- the maximum


@pytest.mark.parametrize("power", [0.5, 1.3])
def test_against_the_reference(problem, power, level):
    X, y, arguments = problem.X, problem.y, problem.arguments
    if problem.rank_deficient or len(X) < X.shape[1]:
        with pytest.raises(ValueError, match="drop them"):
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


# ---------------------------------------------------------------------- intervals and tests


def test_the_ends_of_an_interval_have_the_asked_likelihood():
    from scipy.special import chdtri

    X, y = data(n=50, size=2.0)
    result = firth(X, y, tol=TIGHT)
    for level in (0.5, 0.95, 0.999):
        ends = result.interval(level, [1, "intercept"])
        for row, j in zip(ends, (1, 4), strict=True):
            for end in row:
                start = np.append(result.coef, result.intercept)
                start[j] = end
                at = likelihood(X, y).maximise(start, TIGHT, 100, np.arange(5) == j)
                drop = 2.0 * (result.penalised_loglik - at.penalised_loglik)
                assert drop == pytest.approx(chdtri(1, 1 - level), abs=1e-6)


def test_a_test_compares_maxima():
    X, y = data()
    result = firth(X, y, tol=TIGHT)
    one = result.test(2)
    assert one == result.test([2]) == result.test(-2)
    start = np.zeros(5)
    fixed = np.arange(5) == 2
    at = likelihood(X, y).maximise(start, TIGHT, 100, fixed)
    assert at.theta[2] == 0
    assert one.statistic == pytest.approx(2 * (result.penalised_loglik - at.penalised_loglik))
    assert result.test().df == 4
    assert result.test([0, 1, 2, 3, "intercept"]).df == 5
    low, high = result.interval(1 - one.pvalue, 2)[0]  # its end is the hypothesis
    assert min(abs(low), abs(high)) < 1e-6


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (4, "from -4 to 3 or intercept, got 4"), (-5, "got -5"), ("age", "got 'age'"),
        (1.5, "got 1.5"), ([0, 0], "twice"), ([1, "intercept", "intercept"], "twice"),
    ],
)  # fmt: skip
def test_wrong_columns_are_refused(columns, text):
    result = firth(*data())
    for method in (result.test, lambda c: result.interval(columns=c)):
        with pytest.raises(ValueError, match=text):
            method(columns)


def test_what_has_no_likelihood_says_so():
    X, y = data()
    with pytest.raises(ValueError, match="median"):
        firth(X, y, method="median").interval()
    with pytest.raises(ValueError, match="FLIC"):
        firth(X, y, method="flic").test("intercept")
    with pytest.raises(ValueError, match="nothing to test"):
        firth(X, y).test([])
    for level in (0.0, 1.0, 95, "0.9"):
        with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
            firth(X, y).interval(level)


def test_a_pickle_holds_no_data():
    X, y = data(n=5_000)
    result = firth(X, y)
    text = pickle.dumps(result)
    assert len(text) < 3_000
    again = pickle.loads(text)
    np.testing.assert_array_equal(again.coef, result.coef)
    assert again.step == result.step
    for other in (again, result.without_data()):
        with pytest.raises(ValueError, match="holds? the data|needs the data"):
            other.interval()
    assert result.interval().shape == (5, 2)


# ---------------------------------------------------------------------- more classes


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


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"method": "mean"}, "method must be one of"),
        ({"power": -0.1}, "power must be a finite number >= 0"),
        ({"tol": -1.0}, "tol must be a finite number >= 0"),
        ({"max_iter": 1.5}, "max_iter must be an integer"),
        ({"sample_weight": -np.ones(120)}, "Negative values"),
        ({"sample_weight": np.ones(3)}, "sample_weight must have shape"),
        ({"offset": np.full(120, np.nan)}, "offset contains NaN"),
        ({"n_threads": 0}, "n_threads must be a positive integer"),
        ({"start": (np.zeros(3), 0.0)}, "coef must have shape"),
        ({"reference_class": 1}, "reference_class needs n_classes"),
        ({"method": "flic", "fit_intercept": False}, "needs fit_intercept=True"),
        ({"method": "flac", "power": 0.0}, "power above 0"),
        ({"method": "median", "power": 1.0}, "no meaning for method='median'"),
        ({"n_classes": 3, "method": "flic"}, "is for two classes"),
        ({"n_classes": 3, "start": (0, 0)}, "start is for two classes"),
        ({"n_classes": 1}, "n_classes must be an integer of at least 2"),
        ({"n_classes": 3, "reference_class": 3}, "reference_class must be within 0..2"),
        ({"n_classes": 3, "offset": np.zeros(120)}, r"offset must have shape \(120, 3\)"),
    ],
)
def test_wrong_arguments_are_refused(change, text):
    X, y = data()
    with pytest.raises(ValueError, match=text):
        firth(X, y, **change)


def test_numbers_are_expected():
    X, y = data()
    with pytest.raises(TypeError, match="power must be a real number"):
        firth(X, y, power="half")
    with pytest.raises(TypeError, match="fit_intercept must be True or False"):
        firth(X, y, fit_intercept=1)


@pytest.mark.parametrize("y", [[0, 1, 2, 3] * 30, [0.5] * 120, [-1, 0, 1] * 40])
def test_wrong_class_numbers_are_refused(y):
    X, _ = data()
    with pytest.raises(ValueError, match="y must hold the codes"):
        firth(X, y, n_classes=3)


def test_wrong_probabilities_are_refused():
    X, _ = data()
    for y in (np.full((120, 3), 0.5), np.full((120, 3), [2.0, -1.0, 0.0])):
        with pytest.raises(ValueError, match="summing to 1"):
            firth(X, y)
    with pytest.raises(ValueError, match="n_classes is 4, but y has 2 columns"):
        firth(X, np.full((120, 2), 0.5), n_classes=4)
    with pytest.raises(ValueError, match="one row for each of the 120 rows"):
        firth(X, np.full((3, 2), 0.5))


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("k", [None, 3])
def test_dependent_columns_are_named(kind, k):
    X, y = data()
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.zeros(120), np.ones(120)])
    with pytest.raises(ValueError, match=r"before them: \[4, 5, 6\]; drop them"):
        firth(kind(X), y, n_classes=k)
    with pytest.raises(ValueError, match=r"combinations of the columns before them: \[4, 5\]"):
        firth(kind(X[:, :6]), y, fit_intercept=False, n_classes=k)


def test_too_few_rows_are_dependent_columns():
    X, y = data(n=120, p=4)
    with pytest.raises(ValueError, match=r"before them: \[2, 3\]"):
        firth(X[:3], [0, 1, 1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("k", [None, 3])
def test_values_that_are_not_finite_are_refused(value, kind, k):
    X, y = data()
    X[7, 2] = value
    with pytest.raises(ValueError, match="contains NaN or infinity"):
        firth(kind(X), y, n_classes=k)


@pytest.mark.parametrize("k", [None, 3])
def test_too_many_columns_are_refused_before_they_are_tried(k):
    X, y = sp.csr_array((120, 1_000_000)), np.zeros(120, dtype=int)
    with pytest.raises(ValueError, match="000000 parameters; the penalty is a determinant"):
        firth(X, y, n_classes=k)


def test_one_class_has_no_flic():
    X, y = data()
    assert firth(X, 0 * y).converged
    with pytest.raises(ValueError, match="needs both classes"):
        firth(X, 0 * y, method="flic")


@pytest.mark.parametrize("size", [30.0, 1e3, 1e6])
def test_large_offsets(size):
    X, y = data()
    plain = firth(X, y, tol=TIGHT)
    result = firth(X, y, offset=np.full(120, size))
    assert result.converged
    np.testing.assert_allclose(result.coef, plain.coef, rtol=0, atol=1e-6)
    assert result.intercept + size == pytest.approx(plain.intercept, abs=1e-6)
    far = firth(X, y, offset=np.full(120, size), start=(np.zeros(4), 0.0))  # all rows saturated
    assert far.converged == (abs(far.intercept - result.intercept) < 1e-3)


def test_an_offset_along_a_column_is_taken_back():
    X, y = data()
    plain = firth(X, y, tol=TIGHT)
    for size in (5.0, 50.0):
        result = firth(X, y, offset=size * X[:, 1], tol=TIGHT)
        assert result.converged
        np.testing.assert_allclose(result.coef + [0, size, 0, 0], plain.coef, rtol=0, atol=1e-6)


def test_information_that_underflows_is_named():
    X, y = data()
    with pytest.raises(ValueError, match="singular where the fit starts"):
        firth(1e-160 * X, y, start=(np.zeros(4), 0.0))


def test_the_arguments_are_not_written_to():
    X, y = data()
    weight, offset, start = np.ones(120), np.zeros(120), np.zeros(4)
    before = [a.copy() for a in (X, y, weight, offset, start)]
    for method in ("firth", "flic", "flac", "median"):
        firth(
            X, y, sample_weight=weight, offset=offset, start=(start, 0.0), method=method
        ).standard_errors[0] = 0.0
    for a, b in zip((X, y, weight, offset, start), before, strict=True):
        np.testing.assert_array_equal(a, b)


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
