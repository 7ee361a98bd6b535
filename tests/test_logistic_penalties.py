"""The estimator's L1, elastic net, factors, bounds and standardisation."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.linear_model
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

import fastlogreg
from common.logistic import (
    FRAME,
    NAMES,
    OFFSET,
    PENALTIES,
    SOFT,
    SPARSE,
    WEIGHT,
    N,
    P,
    X,
    Y,
    assert_same_model,
    fitted,
)
from fastlogreg import LogisticRegression, core, reference

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
        model = LogisticRegression(tol=0, penalty=penalty, l1_ratio=l1_ratio).fit(X, Y)
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
