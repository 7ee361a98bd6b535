"""What has to hold for any data: derivatives, orders, weights, signs, units, shifts."""

import dataclasses

import numpy as np
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastlogreg
from fastlogreg import core

modest = settings(
    max_examples=40, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


class Data:
    """A drawn problem; `arguments` may hold weights and an offset."""

    def __init__(self, seed, n, p, layout, weights, shift, alpha):
        rng = np.random.default_rng(seed)
        self.rng, self.n, self.p, self.alpha = rng, n, p, alpha
        self.A = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-2, 2, p)
        if layout in ("csr", "csc"):
            self.A *= rng.random((n, p)) < 0.5
        self.kind = {
            "C": np.array,
            "F": np.asfortranarray,
            "csr": sp.csr_array,
            "csc": sp.csc_array,
        }[layout]
        self.X = self.kind(self.A)
        self.y = rng.integers(0, 2, n)
        self.y[:2] = 0, 1
        self.arguments = {}
        if weights:
            self.arguments["sample_weight"] = rng.integers(1, 4, n).astype(float)
        if shift:
            self.arguments["offset"] = rng.normal(size=n)

    def fit(self, X=None, y=None, alpha=None, **changes):
        return fastlogreg.fit(
            self.X if X is None else X, self.y if y is None else y,
            alpha=self.alpha if alpha is None else alpha,
            **({"tol": 1e-15, "max_iter": 500} | self.arguments | changes),
        )  # fmt: skip


problems = st.builds(
    Data,
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 90),
    p=st.integers(1, 12),
    layout=st.sampled_from(["C", "F", "csr", "csc"]),
    weights=st.booleans(),
    shift=st.booleans(),
    alpha=st.sampled_from([0.01, 0.1, 1.0]),
)


def score_change(data, a, b):
    """Largest difference of the scores of two fits: what does not depend on units."""
    scores = [data.A @ fit.coef + fit.intercept for fit in (a, b)]
    return np.abs(scores[0] - scores[1]).max()


@modest
@given(problems, st.booleans())
def test_gradient_is_the_slope(data, with_intercept):
    coef = data.rng.normal(size=data.p) / np.abs(data.A).max(axis=0, initial=1.0)
    theta = np.append(coef, 0.3) if with_intercept else coef

    def at(point):
        args = (point[:-1], point[-1]) if with_intercept else (point, None)
        return core.loss_gradient(data.X, data.y, *args, alpha=data.alpha, **data.arguments)

    direction = data.rng.normal(size=len(theta)) / np.append(
        np.abs(data.A).max(axis=0, initial=1.0), np.ones(int(with_intercept))
    )
    h = 1e-5
    slope = (at(theta + h * direction)[0] - at(theta - h * direction)[0]) / (2 * h)
    want = at(theta)[1] @ direction
    assert abs(slope - want) <= 1e-8 * (1.0 + np.abs(at(theta)[1] * direction).sum())
    split = (theta[:-1], theta[-1]) if with_intercept else (theta, None)
    curvature = (at(theta + h * direction)[1] - at(theta - h * direction)[1]) / (2 * h)
    product = core.hessian_vector_product(
        data.X, data.y, *split, direction, alpha=data.alpha, **data.arguments
    )
    hessian = core.loss_gradient_hessian(
        data.X, data.y, *split, alpha=data.alpha, **data.arguments
    )[2]
    size = np.abs(hessian) @ np.abs(direction)
    np.testing.assert_array_less(np.abs(curvature - product), 1e-7 * (size + 1.0))
    np.testing.assert_array_less(np.abs(hessian @ direction - product), 1e-13 * (size + 1e-300))


@modest
@given(problems)
def test_order_of_the_rows_does_not_matter(data):
    order = data.rng.permutation(data.n)
    moved = {name: values[order] for name, values in data.arguments.items()}
    want = data.fit()
    got = data.fit(X=data.kind(data.A[order]), y=data.y[order], **moved)
    assert score_change(data, want, got) <= 1e-6
    assert abs(want.objective - got.objective) <= 1e-13 * want.objective


@modest
@given(problems)
def test_order_of_the_columns_does_not_matter(data):
    order = data.rng.permutation(data.p)
    want, got = data.fit(), data.fit(X=data.kind(data.A[:, order]))
    got.coef[order] = got.coef.copy()
    assert score_change(data, want, got) <= 1e-6
    assert abs(want.objective - got.objective) <= 1e-13 * want.objective


@modest
@given(problems)
def test_weight_k_is_a_row_k_times(data):
    times = data.rng.integers(0, 4, data.n)
    times[:2] = 2, 1
    repeated = np.repeat(np.arange(data.n), times)
    moved = {name: values[repeated] for name, values in data.arguments.items()}
    own = data.arguments.get("sample_weight", np.ones(data.n))
    # a strong ridge, so that coefficients are known as well as the objective's minimum
    weighted = data.fit(alpha=1.0, sample_weight=own * times)
    copied = data.fit(X=data.kind(data.A[repeated]), y=data.y[repeated], alpha=1.0, **moved)
    assert abs(weighted.objective - copied.objective) <= 1e-13 * weighted.objective
    assert score_change(data, weighted, copied) <= 1e-6
    # one more step from there, so that the coefficients are known to rounding too
    again = {"alpha": 1.0, "tol": 0.0, "max_iter": 50, "start": (weighted.coef, weighted.intercept)}
    weighted = data.fit(sample_weight=own * times, **again)
    copied = data.fit(X=data.kind(data.A[repeated]), y=data.y[repeated], **(again | moved))
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-9, atol=1e-9)


@modest
@given(problems)
def test_swapping_the_classes_flips_the_signs(data):
    turned = {name: -v if name == "offset" else v for name, v in data.arguments.items()}
    want, got = data.fit(), data.fit(y=1 - data.y, **turned)
    got = type(want)(-got.coef, -got.intercept, *[getattr(got, f) for f in want.__slots__[2:]])
    assert score_change(data, want, got) <= 1e-6
    assert abs(want.objective - got.objective) <= 1e-13 * want.objective


@modest
@given(problems, st.floats(-6, 6))
def test_units_of_a_column_do_not_matter_without_penalty(data, exponent):
    rng = data.rng
    X = rng.normal(size=(150, data.p))
    y = X[:, 0] + rng.logistic(size=150) > 0
    other = X.copy()
    other[:, 0] *= 10.0**exponent
    want, got = (fastlogreg.fit(data.kind(Z), y, tol=1e-14) for Z in (X, other))
    scores = X @ want.coef + want.intercept, other @ got.coef + got.intercept
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)
    assert abs(want.objective - got.objective) <= 1e-13 * want.objective


@modest
@given(problems, st.floats(-5, 5))
def test_a_constant_offset_moves_the_intercept(data, shift):
    moved = data.arguments.get("offset", np.zeros(data.n)) + shift
    want, got = data.fit(), data.fit(offset=moved)
    assert abs(got.intercept - (want.intercept - shift)) <= 1e-5
    np.testing.assert_allclose(got.coef, want.coef, atol=1e-6)
    assert abs(want.objective - got.objective) <= 1e-13 * want.objective


@modest
@given(problems)
def test_soft_targets_are_weights_of_both_labels(data):
    soft = data.rng.random(data.n)
    s = data.arguments.get("sample_weight", np.ones(data.n))
    o = data.arguments.get("offset", np.zeros(data.n))
    want = data.fit(y=soft)
    got = data.fit(
        X=data.kind(np.vstack([data.A, data.A])),
        y=np.repeat([1, 0], data.n),
        sample_weight=np.append(s * soft, s * (1.0 - soft)),
        offset=np.append(o, o),
    )
    assert score_change(data, want, got) <= 1e-6
    assert abs(want.objective - got.objective) <= 1e-13 * want.objective


@modest
@given(problems)
def test_probabilities_add_up_and_follow_the_scores(data):
    coef = data.rng.normal(size=data.p)
    proba = core.predict_proba(data.X, coef, 0.5)
    scores = core.decision_function(data.X, coef, 0.5)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-15)
    np.testing.assert_array_equal(proba[:, 1], fastlogreg.sigmoid(scores))
    np.testing.assert_array_equal(proba[:, 0], fastlogreg.sigmoid(-scores))


# ---------------------------------------------------------------------- absolute values and bounds


class Penalised(Data):
    """A drawn problem and a penalty; `penalty` holds factors and bounds as arrays."""

    def __init__(self, l1_ratio, bounded, standardize, **drawn):
        super().__init__(**drawn)
        rng, size = self.rng, np.abs(self.A).max(axis=0, initial=1e-300)
        lower, upper = np.full(self.p, -np.inf), np.full(self.p, np.inf)
        if bounded:
            some = rng.random((2, self.p)) < 0.5
            lower = np.where(some[0], -rng.random(self.p) / size, lower)
            upper = np.where(some[1], rng.random(self.p) / size, upper)
        # strengths for which some coefficients are zero and others are not
        self.alpha *= np.abs(self.A.T @ (self.y - self.y.mean())).max() / self.n
        self.penalty = {
            "l1_ratio": l1_ratio, "standardize": standardize, "bounds": (lower, upper),
            "penalty_factor": rng.integers(1, 4, self.p) / 2.0,
        }  # fmt: skip

    def fit(self, X=None, y=None, alpha=None, **changes):
        return super().fit(X, y, alpha, **(self.penalty | changes))


penalised = st.builds(
    Penalised,
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(4, 90),
    p=st.integers(1, 12),
    layout=st.sampled_from(["C", "F", "csr", "csc"]),
    weights=st.booleans(),
    shift=st.booleans(),
    alpha=st.sampled_from([0.01, 0.1, 0.5]),
    l1_ratio=st.sampled_from([0.2, 1.0]),
    bounded=st.booleans(),
    standardize=st.booleans(),
)


def assert_same(data, want, got):
    """The same objective, and where that is curved enough to tell, the same scores."""
    assert want.converged
    assert got.converged
    assert abs(want.objective - got.objective) <= 1e-12 * want.objective
    assert score_change(data, want, got) <= 1e-5


@modest
@given(penalised)
def test_weight_k_is_a_row_k_times_with_any_penalty(data):
    times = data.rng.integers(0, 4, data.n)
    times[:2] = 2, 1
    repeated = np.repeat(np.arange(data.n), times)
    own = data.arguments.get("sample_weight", np.ones(data.n))
    moved = {name: values[repeated] for name, values in data.arguments.items()}
    exact = {"tol": 0.0, "l1_ratio": min(data.penalty["l1_ratio"], 0.9)}  # one optimum
    weighted = data.fit(sample_weight=own * times, **exact)
    copied = data.fit(X=data.kind(data.A[repeated]), y=data.y[repeated], **(exact | moved))
    assert_same(data, weighted, copied)
    np.testing.assert_array_equal(weighted.coef == 0, copied.coef == 0)
    size = np.abs(data.A).max(axis=0, initial=1e-300)
    largest = max(1.0, np.abs(weighted.coef * size).max(), abs(weighted.intercept))
    np.testing.assert_allclose(weighted.coef * size, copied.coef * size, atol=1e-9 * largest)
    assert abs(weighted.intercept - copied.intercept) <= 1e-9 * largest


@modest
@given(penalised)
def test_order_of_rows_and_columns_does_not_matter_with_any_penalty(data):
    rows, columns = data.rng.permutation(data.n), data.rng.permutation(data.p)
    moved = {name: values[rows] for name, values in data.arguments.items()}
    moved["penalty_factor"] = data.penalty["penalty_factor"][columns]
    moved["bounds"] = tuple(values[columns] for values in data.penalty["bounds"])
    got = data.fit(X=data.kind(data.A[rows][:, columns]), y=data.y[rows], **moved)
    got.coef[columns] = got.coef.copy()
    assert_same(data, data.fit(), got)


@modest
@given(penalised)
def test_a_column_turned_over_turns_its_coefficient_and_bounds(data):
    turn = data.rng.choice([-1.0, 1.0], data.p)
    lower, upper = data.penalty["bounds"]
    bounds = np.where(turn > 0, lower, -upper), np.where(turn > 0, upper, -lower)
    got = data.fit(X=data.kind(data.A * turn), bounds=bounds)
    got.coef[:] *= turn
    assert_same(data, data.fit(), got)


@modest
@given(penalised)
def test_swapping_the_classes_turns_all_bounds(data):
    turned = {name: -v if name == "offset" else v for name, v in data.arguments.items()}
    lower, upper = data.penalty["bounds"]
    got = data.fit(y=1 - data.y, **turned, bounds=(-upper, -lower))
    got = dataclasses.replace(got, coef=-got.coef, intercept=-got.intercept)
    assert_same(data, data.fit(), got)


@modest
@given(penalised, st.floats(-4, 4))
def test_units_of_the_columns_do_not_matter_to_a_standardized_penalty(data, exponent):
    units = 10.0 ** (exponent * data.rng.random(data.p))
    bounds = tuple(values / units for values in data.penalty["bounds"])
    want = data.fit(standardize=True)
    got = data.fit(X=data.kind(data.A * units), standardize=True, bounds=bounds)
    got.coef[:] *= units
    assert_same(data, want, got)


@modest
@given(penalised)
def test_factors_multiply_alpha(data):
    want = data.fit()
    got = data.fit(alpha=2.0 * data.alpha, penalty_factor=0.5 * data.penalty["penalty_factor"])
    assert_same(data, want, got)


@modest
@given(penalised)
def test_bounds_that_do_not_bind_change_nothing(data):
    want = data.fit()
    lower, upper = data.penalty["bounds"]
    binding = (want.coef == lower, want.coef == upper)
    far = 1.0 + 2.0 * np.abs(want.coef)
    got = data.fit(bounds=(np.where(binding[0], lower, -far), np.where(binding[1], upper, far)))
    assert_same(data, want, got)


@modest
@given(penalised)
def test_more_penalty_and_narrower_bounds_cost(data):
    want = data.fit()
    lower, upper = data.penalty["bounds"]
    half = np.maximum(lower, -0.5 * np.abs(want.coef)), np.minimum(upper, 0.5 * np.abs(want.coef))
    for dearer in (data.fit(alpha=1.5 * data.alpha), data.fit(bounds=half)):
        assert dearer.objective >= want.objective * (1.0 - 1e-13)


@modest
@given(penalised, st.floats(-5, 5))
def test_a_constant_offset_moves_the_intercept_of_a_penalised_fit(data, shift):
    moved = data.arguments.get("offset", np.zeros(data.n)) + shift
    got = data.fit(offset=moved)
    got = dataclasses.replace(got, intercept=got.intercept + shift)
    assert_same(data, data.fit(), got)
