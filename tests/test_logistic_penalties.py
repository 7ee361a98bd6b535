"""The estimator's L1, elastic net, factors, bounds, standardisation, offsets and soft targets."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.linear_model
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastlogreg
from fastlogreg import LogisticRegression, core, reference

N, P = 90, 5
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, P)) * [1.0, 0.5, 2.0, 1.0, 1.0] + 0.3
Y = (X @ [1.0, -2.0, 0.0, 0.3, -0.1] + RNG.logistic(size=N) > 0.3).astype(int)
WEIGHT = RNG.integers(0, 4, N).astype(float)
OFFSET = RNG.normal(size=N)
POSITIVE = core.sigmoid(X @ [2.0, -1.0, 0.5, 0.0, 0.0] + 2 * RNG.normal(size=N) - 0.5)
SOFT = np.column_stack([1 - POSITIVE, POSITIVE])
NAMES = ["a", "b", "c", "d", "e"]
FRAME = pd.DataFrame(X, columns=NAMES)
SPARSE = np.where(np.abs(X) > 0.4, X, 0.0)

TIGHT = {"tol": 0}  # as exact as can be
PENALTIES = [
    {"C": np.inf}, {"C": 0.2}, {"l1_ratio": 1, "C": 0.2}, {"l1_ratio": 0.4, "C": 0.2},
]  # fmt: skip


def fitted(*args, offset=None, X=X, y=Y, **parameters):
    return LogisticRegression(**TIGHT, **parameters).fit(X, y, *args, offset=offset)


def assert_same_model(first, second, rtol=1e-6):
    np.testing.assert_allclose(first.coef_, second.coef_, rtol=rtol, atol=rtol * 1e-2)
    np.testing.assert_allclose(first.intercept_, second.intercept_, rtol=rtol, atol=rtol * 1e-2)


# ----------------------------------------------------------------------- L1 and elastic net


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "parameters",
    [
        {"l1_ratio": 1},
        {"l1_ratio": 1, "C": 0.05, "fit_intercept": False},
        {"l1_ratio": 0.5, "C": 0.1},
        {"l1_ratio": 0.1, "class_weight": "balanced"},
        {"l1_ratio": 0.7, "C": 0.3, "class_weight": {1: 3.0}},
    ],
    ids=str,
)
def test_same_model_as_scikit_learn(parameters, weighted):
    weight = WEIGHT if weighted else None
    theirs = sklearn.linear_model.LogisticRegression(
        solver="saga", tol=1e-9, max_iter=100_000, random_state=0, **parameters
    ).fit(X, Y, weight)
    ours = fitted(weight, **parameters)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


def test_same_model_as_the_core():
    factor, bounds = np.arange(P) / 3, (np.full(P, -0.8), 0.5)
    model = LogisticRegression(
        C=0.3, l1_ratio=0.6, penalty_factor=factor, bounds=bounds, standardize=True
    ).fit(X, Y, WEIGHT, offset=OFFSET)
    result = fastlogreg.fit(
        X, Y, alpha=1 / (0.3 * WEIGHT.sum()), l1_ratio=0.6, penalty_factor=factor, bounds=bounds,
        standardize=True, sample_weight=WEIGHT, offset=OFFSET,
    )  # fmt: skip
    np.testing.assert_array_equal(model.coef_[0], result.coef)
    assert model.intercept_[0] == result.intercept
    assert model.objective_ == result.objective
    assert model.certificate_.verify(X, Y, WEIGHT, OFFSET)
    assert not model.certificate_.verify(X, Y, WEIGHT)


CONTAINERS = {
    "fortran": (np.asfortranarray, 1e-6),
    "float32": (lambda A: A.astype(np.float32), 1e-3),
    "list": (np.ndarray.tolist, 1e-6),
    "frame": (lambda A: pd.DataFrame(A, columns=NAMES), 1e-6),
    "csr": (scipy.sparse.csr_array, 1e-6),
    "csc": (scipy.sparse.csc_matrix, 1e-6),
    "coo": (scipy.sparse.coo_array, 1e-6),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_every_penalty_takes_every_container(name, parameters):
    container, rtol = CONTAINERS[name]
    parameters = {**parameters, "bounds": (-1, 0.5), "penalty_factor": [1, 2, 0, 1, 1]}
    expected = fitted(X=SPARSE, **parameters)
    assert_same_model(fitted(X=container(SPARSE), **parameters), expected, rtol)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("l1_ratio", [None, "its own"])
def test_older_spellings_are_silent(penalty, l1_ratio):
    own = 1 if penalty == "l1" else 0
    model = fitted(penalty=penalty, l1_ratio=own if l1_ratio == "its own" else None)
    np.testing.assert_array_equal(model.coef_, fitted(l1_ratio=own).coef_)
    elastic = fitted(penalty="elasticnet", l1_ratio=own)
    np.testing.assert_array_equal(model.coef_, elastic.coef_)


@pytest.mark.parametrize(
    ("penalty", "l1_ratio", "counts", "text"),
    [
        ("l1", 0.0, 1.0, "Inconsistent values: penalty=l1 with l1_ratio=0.0"),
        ("l1", 0.5, 1.0, r"only used when penalty is 'elasticnet'. Got \(penalty=l1\)"),
        ("l2", 0.5, 0.0, r"only used when penalty is 'elasticnet'. Got \(penalty=l2\)"),
        (None, 0.5, None, "Setting penalty=None will ignore the C, alpha and l1_ratio"),
    ],
)
def test_older_spelling_wins_with_a_warning(penalty, l1_ratio, counts, text):
    with pytest.warns(UserWarning, match=text) as record:
        model = fitted(penalty=penalty, l1_ratio=l1_ratio)
    assert record[0].filename == __file__
    expected = fitted(C=np.inf) if counts is None else fitted(l1_ratio=counts)
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_infinite_c_is_no_penalty_for_any_l1_ratio():
    np.testing.assert_array_equal(fitted(C=np.inf, l1_ratio=1).coef_, fitted(C=np.inf).coef_)


def test_solver_that_knows_no_l1_says_so():
    with pytest.raises(ValueError, match="solver='newton' knows neither L1 penalties nor bounds"):
        fitted(l1_ratio=1, solver="newton")
    assert fitted(l1_ratio=1, solver="proximal").solver_ == "proximal"
    assert_same_model(fitted(solver="proximal"), fitted())  # L2 too


def test_weights_are_repeated_rows():
    times = WEIGHT.astype(int)
    repeated = fitted(l1_ratio=0.9, C=0.2, X=np.repeat(X, times, axis=0), y=np.repeat(Y, times))
    weighted = fitted(WEIGHT, l1_ratio=0.9, C=0.2)
    assert_same_model(weighted, repeated, rtol=1e-9)
    assert 0 < np.count_nonzero(weighted.coef_) < P


def test_warm_start(monkeypatch):
    starts, fit = [], core.fit

    def spying(*args, start, **options):
        starts.append(start)
        return fit(*args, start=start, **options)

    monkeypatch.setattr(core, "fit", spying)
    model = LogisticRegression(l1_ratio=1, C=0.5, warm_start=True).fit(X, Y)
    first = model.n_iter_[0]
    coef = model.coef_.copy()
    model.sparsify().fit(X, Y)
    np.testing.assert_array_equal(starts[1][0], coef[0])
    assert model.n_iter_[0] < first
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-4)
    model.set_params(C=0.1, tol=0).fit(X, Y)  # from the optimum of another penalty
    assert_same_model(model, fitted(l1_ratio=1, C=0.1))
    model.set_params(bounds=(-0.01, 0.01)).fit(X, Y)  # from outside the box
    assert_same_model(model, fitted(l1_ratio=1, C=0.1, bounds=(-0.01, 0.01)))


def test_sparse_coefficients():
    model = fitted(l1_ratio=1, C=0.1)
    zeros = np.count_nonzero(model.coef_ == 0)
    assert 0 < zeros < P
    expected = model.predict_proba(X)
    assert model.sparsify().coef_.nnz == P - zeros
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    np.testing.assert_allclose(
        model.decision_function(X, offset=OFFSET) - model.decision_function(X), OFFSET
    )


# --------------------------------------------------------------------- factors and bounds


@pytest.mark.parametrize("l1_ratio", [0, 1])
def test_factors_are_scales_of_columns(l1_ratio):
    factor = np.array([1.0, 4.0, 0.25, 2.0, 1.0])
    scale = np.sqrt(factor) if l1_ratio == 0 else factor
    expected = fitted(l1_ratio=l1_ratio, C=0.3, X=X / scale)
    model = fitted(l1_ratio=l1_ratio, C=0.3, penalty_factor=factor)
    np.testing.assert_allclose(model.coef_ * scale, expected.coef_, rtol=1e-5, atol=1e-8)


def test_factor_zero_is_never_penalised():
    model = fitted(l1_ratio=1, C=1e-4, penalty_factor={3: 0})
    np.testing.assert_array_equal(np.flatnonzero(model.coef_), [3])
    _, gradient = reference.loss_gradient(X, Y, model.coef_[0], model.intercept_[0])
    assert abs(gradient[3]) < 1e-7
    alone = fitted(C=np.inf, X=X[:, 3:4])
    assert model.coef_[0, 3] == pytest.approx(alone.coef_[0, 0], rel=1e-6)


@pytest.mark.parametrize(
    "factor",
    [
        {"b": 0, "d": 2.5},
        {1: 0, 3: 2.5},
        {"b": 0, np.int64(3): np.float32(2.5)},
        [1, 0, 1, 2.5, 1],
        np.array([1, 0, 1, 2.5, 1]),
        pd.Series([1, 0, 1, 2.5, 1], index=NAMES),
    ],
    ids=lambda factor: type(factor).__name__,
)
def test_factors_by_name_position_and_array(factor):
    by_hand = fitted(l1_ratio=1, C=0.2, penalty_factor=np.array([1, 0, 1, 2.5, 1.0]))
    assert not np.allclose(by_hand.coef_, fitted(l1_ratio=1, C=0.2).coef_)
    assert_same_model(fitted(l1_ratio=1, C=0.2, penalty_factor=factor, X=FRAME), by_hand)


LOW, HIGH = np.full(P, -np.inf), np.full(P, np.inf)
LOW[1], HIGH[1], LOW[3], HIGH[0] = -0.4, 0.4, 0.6, 0.2


@pytest.mark.parametrize(
    "bounds",
    [
        {"a": (None, 0.2), "b": (-0.4, 0.4), "d": [0.6, None]},
        {0: (-np.inf, 0.2), 1: (-0.4, 0.4), 3: (0.6, np.inf)},
        {"a": (None, 0.2), 1: np.array([-0.4, 0.4]), "d": (0.6, None)},
        (LOW.tolist(), HIGH),
        [LOW, HIGH],
        np.array([LOW, HIGH]),
    ],
    ids=lambda bounds: type(bounds).__name__,
)
@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_bounds_by_name_position_and_array(bounds, parameters):
    by_hand = fitted(bounds=(LOW, HIGH), **parameters)
    assert by_hand.coef_[0, 0] == 0.2
    assert_same_model(fitted(bounds=bounds, X=FRAME, **parameters), by_hand)


@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_coefficient_at_its_bound_is_an_offset(parameters):
    """What is held at a bound might as well be no column, but a part of the scores."""
    model = fitted(bounds={0: (None, 0.1), 1: (-0.25, None)}, **parameters)
    np.testing.assert_array_equal(model.coef_[0, :2], [0.1, -0.25])
    rest = fitted(X=X[:, 2:], offset=X[:, :2] @ [0.1, -0.25], **parameters)
    np.testing.assert_allclose(model.coef_[0, 2:], rest.coef_[0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.intercept_, rest.intercept_, rtol=1e-5)


@pytest.mark.parametrize(("bounds", "sign"), [((0, None), 1), ((None, 0.0), -1)])
def test_bounds_as_numbers(bounds, sign):
    model = fitted(C=10, bounds=bounds)
    assert (sign * model.coef_ >= 0).all()
    assert (sign * fitted(C=10).coef_ < 0).any()
    assert model.coef_.any()


def test_dicts_that_say_nothing():
    expected = fitted(l1_ratio=1)
    for parameters in (
        {"penalty_factor": {}},
        {"bounds": {}},
        {"bounds": (None, None)},
        {"bounds": {0: (None, None), 1: (None, np.inf), 2: (-np.inf, None)}},
    ):
        np.testing.assert_array_equal(fitted(l1_ratio=1, **parameters).coef_, expected.coef_)


# ------------------------------------------------------------------------ standardisation


@pytest.mark.parametrize("container", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_standardize_is_scaling_by_hand(parameters, weighted, container):
    weight = WEIGHT if weighted else np.ones(N)
    deviation = np.sqrt(np.cov(SPARSE, rowvar=False, aweights=weight, ddof=0).diagonal())
    scaled = fitted(weight, X=SPARSE / deviation, **parameters)
    model = fitted(weight, X=container(SPARSE), standardize=True, **parameters)
    np.testing.assert_allclose(model.coef_ * deviation, scaled.coef_, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, scaled.intercept_, rtol=1e-5, atol=1e-8)
    same = np.allclose(model.coef_, fitted(weight, X=SPARSE, **parameters).coef_, rtol=1e-4)
    assert same == (parameters == {"C": np.inf})


# -------------------------------------------------------------------------------- offsets


@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_constant_offset_is_in_the_intercept(parameters):
    plain = fitted(**parameters)
    model = fitted(offset=np.full(N, 1.5), **parameters)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.intercept_ + 1.5, plain.intercept_, rtol=1e-5)
    np.testing.assert_allclose(
        model.predict_proba(X, offset=[1.5] * N), plain.predict_proba(X), rtol=1e-5
    )


@pytest.mark.parametrize("container", [np.asarray, np.float32, scipy.sparse.csr_array, FRAME.copy])
def test_offset_in_every_method(container):
    data = FRAME.copy() if container == FRAME.copy else container(X)
    rtol = 1e-5 if container is np.float32 else 1e-12
    model = LogisticRegression(l1_ratio=0.5).fit(data, Y, offset=pd.Series(OFFSET))
    scores = X @ model.coef_[0].astype(float) + model.intercept_[0] + 3 * OFFSET
    far = {"offset": 3 * OFFSET}
    np.testing.assert_allclose(model.decision_function(data, **far), scores, rtol=rtol, atol=rtol)
    positive = core.sigmoid(scores)
    proba = np.column_stack([core.sigmoid(-scores), positive])
    np.testing.assert_allclose(model.predict_proba(data, **far), proba, rtol=rtol)
    np.testing.assert_allclose(model.predict_log_proba(data, **far), np.log(proba), rtol=10 * rtol)
    np.testing.assert_array_equal(model.predict(data, **far), scores > 0)
    assert model.score(data, Y, **far) == np.mean((scores > 0) == Y)
    assert model.score(data, Y, WEIGHT, **far) == pytest.approx(
        np.average((scores > 0) == Y, weights=WEIGHT)
    )
    assert model.score(data, Y, **far) != model.score(data, Y)


BAD_OFFSETS = {
    "short": OFFSET[:-1],
    "a number": 1.0,
    "column": OFFSET[:, None],
    "nan": np.where(OFFSET > 1, np.nan, OFFSET),
    "inf": np.where(OFFSET > 1, np.inf, OFFSET),
    "text": ["a"] * N,
}


@pytest.mark.parametrize("name", BAD_OFFSETS)
@pytest.mark.parametrize(
    "method",
    ["fit", "decision_function", "predict", "predict_proba", "predict_log_proba", "score"],
)
def test_bad_offsets_are_named(name, method):
    model = LogisticRegression().fit(X, Y)
    data = (X, Y) if method in ("fit", "score") else (X,)
    with pytest.raises(ValueError, match="^offset (must|contains)"):
        getattr(model, method)(*data, offset=BAD_OFFSETS[name])


# --------------------------------------------------------------------------- soft targets


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_soft_targets_are_weighted_duplicates(parameters, weighted):
    weight = WEIGHT if weighted else None
    model = fitted(weight, y=SOFT, **parameters)
    of_row = WEIGHT if weighted else np.ones(N)
    twice = fitted(
        np.r_[of_row * SOFT[:, 0], of_row * SOFT[:, 1]],
        X=np.vstack([X, X]),
        y=np.repeat([0, 1], N),
        **parameters,
    )
    assert_same_model(model, twice)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert set(model.predict(X)) == {0, 1}


@pytest.mark.parametrize(
    "container",
    [np.ndarray.tolist, pd.DataFrame, np.asfortranarray, lambda y: y.astype(object)],
    ids=["list", "frame", "fortran", "objects"],
)
def test_soft_targets_in_any_container(container):
    expected = fitted(y=SOFT)
    np.testing.assert_array_equal(fitted(y=container(SOFT)).coef_, expected.coef_)
    np.testing.assert_array_equal(fitted(y=container(SOFT), X=FRAME).feature_names_in_, NAMES)
    rounded = fitted(y=SOFT.astype(np.float32))
    np.testing.assert_allclose(rounded.coef_, expected.coef_, rtol=1e-4)


@pytest.mark.parametrize("dtype", [int, float, bool])
def test_rows_of_zeros_and_ones_are_labels(dtype):
    y = np.column_stack([1 - Y, Y]).astype(dtype)
    np.testing.assert_array_equal(fitted(y=y).coef_, fitted(y=Y).coef_)


def test_certificate_of_soft_targets():
    model = LogisticRegression(l1_ratio=0.5).fit(X, SOFT, WEIGHT, offset=OFFSET)
    assert model.certificate_.positive_class is None
    assert model.certificate_.verify(X, SOFT[:, 1], WEIGHT, OFFSET)
    assert not model.certificate_.verify(X, SOFT[:, 0], WEIGHT, OFFSET)


def with_row(row, values):
    y = SOFT.copy()
    y[row] = values
    return y


BAD_SOFT = {
    "sum": (with_row(17, [0.3, 0.6]), r"y\[17\] is \[0.3, 0.6\].*rows that sum to 1"),
    "sum, barely": (with_row(4, [0.5, 0.500002]), r"y\[4\] is .*sum to 1 \(to 1e-6\)"),
    "negative": (with_row(3, [-0.5, 1.5]), r"y\[3\] is \[-0.5, 1.5\].*within \[0, 1\]"),
    "two labels": (np.column_stack([Y, Y]), r"y\[0\] is .*holds probabilities"),
    "nan": (with_row(3, np.nan), "Input y contains NaN"),
    "inf": (with_row(3, [np.inf, 0.0]), "Input y contains infinity"),
    "short": (SOFT[:-1], r"inconsistent numbers of samples: \[90, 89\]"),
    "text": (np.full((N, 2), "a"), "could not convert string to float"),
    "one class": (np.tile([1.0, 0.0], (N, 1)), "contain only one class: .*0"),
    "three columns": (np.column_stack([SOFT, SOFT[:, 0]]), r"y\[0\] is .*holds probabilities"),
    "three dimensions": (SOFT[:, :, None], "Found array with dim 3"),
    "ragged": ([[0.5, 0.5]] * (N - 1) + [[1.0]], "inhomogeneous"),
}


@pytest.mark.parametrize("name", BAD_SOFT)
def test_bad_soft_targets(name):
    y, text = BAD_SOFT[name]
    with pytest.raises(ValueError, match=text):
        LogisticRegression().fit(X, y)


def test_soft_targets_have_no_labels():
    for class_weight in ("balanced", {1: 2.0}):
        with pytest.raises(ValueError, match="class_weight=.* needs labels"):
            LogisticRegression(class_weight=class_weight).fit(X, SOFT)
    with pytest.raises(ValueError, match="score needs labels"):
        fitted().score(X, SOFT)
    with pytest.raises(ValueError, match="only one class: .*1"):
        fitted(np.eye(1, N)[0], y=with_row(0, [0.0, 1.0]))


def test_warm_start_from_labels_to_soft_targets():
    model = LogisticRegression(warm_start=True, max_iter=0)
    with pytest.warns(fastlogreg.ConvergenceWarning):
        model.set_params(max_iter=3).fit(X, Y)
    coef = model.coef_.copy()
    with pytest.warns(fastlogreg.ConvergenceWarning):
        model.set_params(max_iter=0).fit(X, SOFT)
    np.testing.assert_array_equal(model.coef_, coef)


# --------------------------------------------------------------------------------- errors

BAD_PARAMETERS = [
    ({"penalty_factor": {"z": 1}}, "penalty_factor names 'z'.*the columns 'a', 'b', 'c', 'd', 'e'"),
    ({"penalty_factor": {5: 1}}, "penalty_factor names 5, which is not exactly one column"),
    ({"penalty_factor": {-1: 1}}, "penalty_factor names -1"),
    ({"penalty_factor": {"b": 1, 1: 1}}, "penalty_factor names a column twice"),
    ({"penalty_factor": {"b": -1}}, r"penalty_factor\['b'\] must be a number >= 0, got -1"),
    ({"penalty_factor": {"b": "x"}}, r"penalty_factor\['b'\] must be a number >= 0, got 'x'"),
    ({"penalty_factor": {"b": None}}, r"penalty_factor\['b'\] must be a number >= 0, got None"),
    ({"penalty_factor": {"b": np.nan}}, r"penalty_factor\['b'\] must be a number >= 0, got nan"),
    ({"penalty_factor": {"b": np.inf}}, "penalty_factor contains NaN or infinity"),
    ({"penalty_factor": -np.ones(P)}, "penalty_factor must not be negative, got -1 for column 0"),
    ({"penalty_factor": [1, 2]}, r"penalty_factor must have shape \(5,\), got \(2,\)"),
    ({"penalty_factor": 3.0}, "The 'penalty_factor' parameter of LogisticRegression must be"),
    ({"bounds": {"z": (0, 1)}}, "bounds names 'z', which is not exactly one column"),
    ({"bounds": {1.5: (0, 1)}}, "bounds names 1.5"),
    ({"bounds": {1: (0, 1), "b": (0, 2)}}, "bounds names a column twice"),
    ({"bounds": {"b": (2, 1)}}, r"bounds\['b'\] must be a pair .*; got \(2, 1\)"),
    ({"bounds": {"b": (np.nan, 1)}}, r"bounds\['b'\] must be a pair"),
    ({"bounds": {"b": 1.0}}, r"bounds\['b'\] must be a pair .*; got 1.0"),
    ({"bounds": {"b": (1, 2, 3)}}, r"bounds\['b'\] must be a pair"),
    ({"bounds": {"b": ("low", 2)}}, r"bounds\['b'\] must be a pair"),
    ({"bounds": {"b": (np.inf, np.inf)}}, "bounds: column 1 has low inf"),
    ({"bounds": (1, 0)}, "bounds: column 0 has low 1 and high 0"),
    ({"bounds": (np.zeros(3), None)}, r"bounds: lower must be a number or have shape \(5,\)"),
    ({"bounds": (None, np.full(P, np.nan))}, "bounds: upper contains NaN"),
    ({"bounds": (0, 1, 2)}, r"bounds must be a pair \(lower, upper\)"),
    ({"bounds": 3}, "The 'bounds' parameter of LogisticRegression must be"),
    ({"l1_ratio": 1.1}, "The 'l1_ratio' parameter of LogisticRegression must be"),
    ({"l1_ratio": -0.1}, "The 'l1_ratio' parameter of LogisticRegression must be"),
    ({"C": 0.5, "alpha": 0.5, "l1_ratio": 1}, "C=0.5 and alpha=0.5 both set the strength"),
    ({"penalty": "elasticnet", "l1_ratio": None}, "l1_ratio must be specified"),
]


@pytest.mark.parametrize(("parameters", "text"), BAD_PARAMETERS)
def test_bad_parameters_are_named_and_change_nothing(parameters, text):
    model = LogisticRegression(C=0.7).fit(X[:, :2], Y)
    model.set_params(**{"C": 1.0, **parameters})
    before = dict(vars(model))
    with pytest.raises(ValueError, match=text):
        model.fit(FRAME, Y)
    after = vars(model)
    assert after.keys() == before.keys()
    assert all(after[key] is before[key] for key in before)


def test_names_need_a_frame():
    for parameters in ({"penalty_factor": {"b": 0}}, {"bounds": {"b": (0, 1)}}):
        with pytest.raises(ValueError, match="'b', which is not .*X has 5 columns without names"):
            fitted(**parameters)
        fitted(X=FRAME.astype(np.float32), **parameters)
    twins = FRAME.rename(columns={"c": "b"})
    with pytest.raises(ValueError, match="bounds names 'b', which is not exactly one column of X"):
        fitted(X=twins, bounds={"b": (0, 1)})
    many = pd.DataFrame(np.tile(X, 3), columns=[f"v{j}" for j in range(15)])
    with pytest.raises(ValueError, match=r"the columns 'v0', .*'v9', \.\.\.$"):
        fitted(X=many, bounds={"b": (0, 1)})


@pytest.mark.parametrize("container", [np.asarray, scipy.sparse.csr_array, scipy.sparse.csc_array])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_are_not_finite(container, value):
    broken = X.copy()
    broken[17, 2] = value
    model = LogisticRegression(l1_ratio=1)
    with pytest.raises(ValueError, match="Input X contains (NaN|infinity)"):
        model.fit(container(broken), Y)
    assert not hasattr(model, "coef_")


# ----------------------------------------------------------------------------- neighbours


def test_pickle_clone_and_parameters():
    parameters = {
        "l1_ratio": 0.5,
        "penalty_factor": np.arange(P, dtype=float),
        "bounds": {1: (None, 2.0)},
        "standardize": True,
    }
    model = LogisticRegression(**parameters).fit(X, SOFT, offset=OFFSET)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    assert copied.bounds == model.bounds
    assert model.get_params().items() >= {"l1_ratio": 0.5, "standardize": True}.items()
    assert model.get_params()["penalty_factor"] is parameters["penalty_factor"]
    fresh = clone(model)
    assert not hasattr(fresh, "coef_")
    np.testing.assert_array_equal(fresh.fit(X, SOFT, offset=OFFSET).coef_, model.coef_)
    assert re.search("l1_ratio=0.5,.*standardize=True", repr(model), re.DOTALL)
    assert "penalty_factor" in model._repr_html_()


def test_grid_search_over_the_penalty():
    grid = {"l1_ratio": [0, 0.5, 1], "C": [0.1, 0.4, 10]}
    folds = KFold(4)
    search = GridSearchCV(LogisticRegression(), grid, cv=folds, scoring="neg_log_loss").fit(X, Y)
    for parameters, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        model = LogisticRegression(**parameters)
        by_hand = cross_val_score(model, X, Y, cv=folds, scoring="neg_log_loss").mean()
        assert score == pytest.approx(by_hand, rel=1e-12)
    assert len(set(search.cv_results_["mean_test_score"])) == 9
    best = LogisticRegression(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.best_estimator_.coef_, best.coef_)


def test_offset_is_routed_through_a_pipeline():
    scaled = StandardScaler().fit_transform(X)
    expected = LogisticRegression(l1_ratio=1).fit(scaled, Y, offset=OFFSET)
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression(l1_ratio=1).set_fit_request(offset=True)
        model.set_predict_request(offset=True).set_predict_proba_request(offset=True)
        model.set_decision_function_request(offset=True).set_score_request(offset=True)
        model.set_predict_log_proba_request(offset=True)
        pipeline = make_pipeline(StandardScaler(), model).fit(X, Y, offset=OFFSET)
        for method in (
            "decision_function", "predict", "predict_proba", "predict_log_proba",
        ):  # fmt: skip
            np.testing.assert_array_equal(
                getattr(pipeline, method)(X, offset=OFFSET),
                getattr(expected, method)(scaled, offset=OFFSET),
            )
        assert pipeline.score(X, Y, offset=OFFSET) == expected.score(scaled, Y, offset=OFFSET)
        scores = cross_validate(model, X, Y, cv=KFold(3), params={"offset": OFFSET})["test_score"]
        search = GridSearchCV(model, {"C": [1.0]}, cv=KFold(3)).fit(X, Y, offset=OFFSET)
    np.testing.assert_array_equal(pipeline[-1].coef_, expected.coef_)
    by_hand = []
    for train, test in KFold(3).split(X):
        fold = LogisticRegression(l1_ratio=1).fit(X[train], Y[train], offset=OFFSET[train])
        by_hand.append(fold.score(X[test], Y[test], offset=OFFSET[test]))
    np.testing.assert_array_equal(scores, by_hand)
    assert search.best_score_ == pytest.approx(np.mean(by_hand))


def test_callbacks_and_an_offset():
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = LogisticRegression(l1_ratio=1).set_callbacks(monitor).fit(X, Y, offset=OFFSET)
    expected = LogisticRegression(l1_ratio=1).fit(X, Y, offset=OFFSET)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6)
    assert len(monitor.get_logs().data) >= 2
