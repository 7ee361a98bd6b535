"""Cross-validation: the same choice as a grid search and as scikit-learn, and what is our own."""

import doctest
import pickle
import re
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.linear_model
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit, StratifiedKFold
from sklearn.preprocessing import scale

from fastlogreg import LogisticRegression, LogisticRegressionCV, logistic_path, reference

PLAIN = {"use_legacy_attributes": False, "scoring": "neg_log_loss", "l1_ratios": (0,)}
TIGHT = {"tol": 1e-6, "max_iter": 300}
CS = [10.0, 0.01, 0.3]  # in no order
FOLDS = StratifiedKFold(4)


def data(n=160, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.logspace(-0.5, 0.5, p)
    y = (X @ np.linspace(1.0, -0.5, p) + 2 * rng.logistic(size=n) > 0.3).astype(int)
    return X, y, rng.integers(0, 4, n).astype(float)


@pytest.fixture
def problem():
    return data()


@pytest.fixture
def their_data():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


def model_on(X, y, train, sample_weight=None, offset=None, **parameters):
    """Our estimator on the rows of a fold, taken out as a copy."""
    weight = None if sample_weight is None else sample_weight[train]
    offset = None if offset is None else offset[train]
    return LogisticRegression(**TIGHT, **parameters).fit(X[train], y[train], weight, offset=offset)


# ---------------------------------------------------------------------- the same as a grid search


def dense(X, y):
    return X, y


def sparse(X, y):
    return sp.csr_array(np.where(np.abs(X) > 0.5, X, 0.0)), y


def strings(X, y):
    return X, np.array(["no", "yes"])[y]


@pytest.mark.parametrize("make", [dense, sparse, strings], ids=lambda f: f.__name__)
@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc"])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_grid_search(problem, scoring, make, weighted):
    X, y, weight = problem
    X, y = make(X, y)
    class_weight = dict(zip(np.unique(y), (2.5, 1.0), strict=True)) if weighted else None
    given = {"sample_weight": weight} if weighted else {}
    common = {"class_weight": class_weight, **TIGHT}
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer(scoring).set_score_request(sample_weight=True)
        grid = {"C": CS, "l1_ratio": [0, 0.5, 1]}
        single = LogisticRegression(**common).set_fit_request(sample_weight=True)
        search = GridSearchCV(single, grid, scoring=scorer, cv=FOLDS).fit(X, y, **given)
        ours = LogisticRegressionCV(
            Cs=CS, l1_ratios=[0, 0.5, 1], cv=FOLDS, scoring=scorer, use_legacy_attributes=False,
            **common,
        ).fit(X, y, **given)  # fmt: skip
    theirs = [search.cv_results_[f"split{fold}_test_score"] for fold in range(4)]
    theirs = np.reshape(theirs, (4, 3, 3)).swapaxes(1, 2)
    exact = scoring == "accuracy"
    np.testing.assert_allclose(ours.scores_, theirs, rtol=1e-12 if exact else 1e-6)
    assert search.best_params_["C"] == ours.C_
    assert ours.l1_ratio_ == search.best_params_["l1_ratio"]
    np.testing.assert_allclose(ours.coef_, search.best_estimator_.coef_, rtol=1e-9, atol=1e-15)
    best = LogisticRegression(C=ours.C_, l1_ratio=ours.l1_ratio_, **common)
    best.fit(X, y, **given)
    np.testing.assert_array_equal(ours.coef_, best.coef_)
    np.testing.assert_array_equal(ours.intercept_, best.intercept_)
    assert ours.certificate_.relative_gap <= 1e-13
    assert ours.objective_ == best.objective_
    assert ours.converged_ is True


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"standardize": True},
        {"penalty_factor": {2: 0, 3: 4}},
        {"bounds": {1: (0.1, 0.2), "z": (None, 0)}},
        {"fit_intercept": False},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
@pytest.mark.parametrize("l1_ratio", [0, 0.7])
def test_models_of_the_folds(problem, given, l1_ratio):
    """Row by row what a fit of the fold's own rows gives, with class weights of all rows."""
    X, y, weight = problem
    X = pd.DataFrame(X, columns=list("abcxyz"))
    ours = LogisticRegressionCV(
        Cs=CS, cv=FOLDS, **PLAIN | {"l1_ratios": (l1_ratio,)}, **TIGHT, **given
    ).fit(X, y, weight)
    alone = given
    if "class_weight" in given:
        total = np.bincount(y, weights=weight)
        alone = {"class_weight": dict(enumerate(total.sum() / (2 * total)))}
    elif "bounds" in given:
        alone = {"bounds": {1: (0.1, 0.2), 5: (None, 0)}}
    for fold, (train, test) in enumerate(FOLDS.split(X, y)):
        for place, C in enumerate(CS):
            model = model_on(X.to_numpy(), y, train, weight, C=C, l1_ratio=l1_ratio, **alone)
            theta = ours.coefs_paths_[fold, 0, place, 0]
            np.testing.assert_allclose(theta[:6], model.coef_[0], rtol=1e-4, atol=1e-6)
            if ours.fit_intercept:
                assert theta[6] == pytest.approx(model.intercept_[0], rel=1e-4, abs=1e-6)
            score = -log_loss(
                y[test], model.predict_proba(X.to_numpy()[test]), sample_weight=weight[test]
            )
            assert ours.scores_[fold, 0, place] == pytest.approx(score, rel=1e-6)
    assert ours.coefs_paths_.shape == (4, 1, 3, 1, 6 + ours.fit_intercept)
    assert ours.feature_names_in_.tolist() == list("abcxyz")


def test_alphas_are_shared_by_the_folds(problem):
    X, y, weight = problem
    alphas = [0.001, 0.2, 0.05]
    ours = LogisticRegressionCV(alphas=alphas, cv=FOLDS, **PLAIN, **TIGHT).fit(X, y, weight)
    np.testing.assert_array_equal(ours.alphas_, alphas)
    np.testing.assert_allclose(ours.Cs_, 1 / (ours.alphas_ * weight.sum()))
    assert ours.alpha_ in alphas
    assert ours.Cs_[alphas.index(ours.alpha_)] == ours.C_
    train, _ = next(FOLDS.split(X, y))
    for place, alpha in enumerate(alphas):
        model = model_on(X, y, train, weight, alpha=alpha)
        np.testing.assert_allclose(
            ours.coefs_paths_[0, 0, place, 0, :6], model.coef_[0], rtol=1e-5, atol=1e-8
        )


@pytest.mark.parametrize(("l1_ratios", "of_grid"), [([1], 1), ([1, 0.2, 0], 0.2), ([0], 0)])
def test_grid_from_the_data(problem, l1_ratios, of_grid):
    X, y, weight = problem
    parameters = {**PLAIN, "l1_ratios": l1_ratios, "cv": FOLDS}
    ours = LogisticRegressionCV(Cs="path", **parameters).fit(X, y, weight)
    path = logistic_path(X, y, l1_ratio=of_grid, sample_weight=weight, tol=1e-9)
    np.testing.assert_allclose(ours.alphas_, path.alphas)
    np.testing.assert_allclose(ours.Cs_, path.Cs)
    assert ours.scores_.shape == (4, len(l1_ratios), len(path.alphas))
    assert ours.alpha_ in ours.alphas_
    same = LogisticRegressionCV(alphas=ours.alphas_, **parameters).fit(X, y, weight)
    np.testing.assert_array_equal(same.scores_, ours.scores_)
    single = LogisticRegression(alpha=ours.alpha_, l1_ratio=ours.l1_ratio_).fit(X, y, weight)
    np.testing.assert_array_equal(single.coef_, ours.coef_)


def test_no_penalty_at_all(problem):
    X, y, _ = problem
    ours = LogisticRegressionCV(Cs=[1e-3, np.inf], cv=FOLDS, **PLAIN, **TIGHT).fit(X, y)
    train, _ = next(FOLDS.split(X, y))
    free = model_on(X, y, train, C=np.inf)
    np.testing.assert_allclose(ours.coefs_paths_[0, 0, 1, 0, :6], free.coef_[0], rtol=1e-5)
    assert np.inf == ours.C_
    assert ours.alpha_ == 0.0


@pytest.mark.parametrize("kind", ["repeated", "mask", "shuffled", "partial"])
def test_any_folds(problem, kind):
    """Training sets with rows twice or left out, as masks, overlapping test sets."""
    X, y, _ = problem
    rng = np.random.default_rng(3)
    every = np.arange(len(y))
    cv = {
        "repeated": [(rng.integers(0, 100, 100), every[100:])],
        "mask": [(every < 100, every >= 100), (every >= 60, every < 60)],
        "shuffled": list(ShuffleSplit(3, test_size=0.3, random_state=0).split(X)),
        "partial": [(every[:80].tolist(), every[-20:].tolist())],
    }[kind]
    ours = LogisticRegressionCV(Cs=CS, cv=iter(cv), **PLAIN, **TIGHT).fit(X, y)
    assert ours.scores_.shape == (len(cv), 1, 3)
    for fold, (train, test) in enumerate(cv):
        model = model_on(X, y, train, C=CS[0])
        np.testing.assert_allclose(
            ours.coefs_paths_[fold, 0, 0, 0, :6], model.coef_[0], rtol=1e-4, atol=1e-7
        )
        score = -log_loss(y[test], model.predict_proba(X[test]))
        assert ours.scores_[fold, 0, 0] == pytest.approx(score, rel=1e-6)


def test_weights_are_repeated_rows(problem):
    X, y, weight = problem
    fold = np.arange(len(y)) % 4
    times = weight.astype(int)
    cv = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(4)]
    many = np.repeat(fold, times)
    cv_many = [(np.flatnonzero(many != k), np.flatnonzero(many == k)) for k in range(4)]
    parameters = {**PLAIN, **TIGHT, "l1_ratios": (0.5,), "class_weight": "balanced", "Cs": CS}
    once = LogisticRegressionCV(cv=cv, **parameters).fit(X, y, weight)
    repeated = LogisticRegressionCV(cv=cv_many, **parameters)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(once.scores_, repeated.scores_, rtol=1e-7)
    np.testing.assert_allclose(once.coef_, repeated.coef_, rtol=1e-5, atol=1e-8)


# ---------------------------------------------------------------------- the same as scikit-learn


@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss", "roc_auc", "f1"])
def test_chooses_as_scikit_learn(their_data, scoring):
    X, y = their_data
    given = {"scoring": scoring, "use_legacy_attributes": False, "l1_ratios": (0,)}
    theirs = sklearn.linear_model.LogisticRegressionCV(
        solver="newton-cholesky", tol=1e-8, max_iter=300, **given
    ).fit(X, y)
    ours = LogisticRegressionCV(tol=1e-6, **given).fit(X, y)
    assert ours.C_ == theirs.C_
    np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=1e-3)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-3, atol=1e-6)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-5)


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratios", ["default", None, (0,), np.array([0, 0.5, 1])], ids=str)
def test_attributes_as_in_scikit_learn(problem, legacy, refit, fit_intercept, l1_ratios):
    X, y, weight = problem
    y = np.array(["no", "yes"])[y]
    given = {
        "Cs": [0.01, 0.1], "cv": 3, "scoring": "accuracy", "use_legacy_attributes": legacy,
        "refit": refit, "fit_intercept": fit_intercept,
    }  # fmt: skip
    if not isinstance(l1_ratios, str):
        given["l1_ratios"] = l1_ratios
    several = np.size(l1_ratios) > 1  # then scikit-learn's solver is only near the optimum
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sklearn.linear_model.LogisticRegressionCV(
            solver="saga" if several else "newton-cholesky", **given
        ).fit(X, y, weight)
        ours = LogisticRegressionCV(**given).fit(X, y, weight)
    fitted = [name for name in vars(theirs) if name.endswith("_")]
    assert len(fitted) >= 11
    for name in fitted:
        mine, other = getattr(ours, name), getattr(theirs, name)
        if isinstance(other, dict):
            assert list(mine) == list(other) == ["yes"], name
            mine, other = mine["yes"], other["yes"]
        assert type(mine) is type(other), name
        assert np.shape(mine) == np.shape(other), name
        assert (np.asarray(mine).dtype == object) == (np.asarray(other).dtype == object), name
        if np.asarray(other).dtype == float and not several:
            np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)
    assert hasattr(ours, "certificate_") is refit


def test_means_over_folds_without_refit(problem):
    X, y, _ = problem
    ours = LogisticRegressionCV(
        Cs=CS, cv=3, refit=False, **PLAIN | {"l1_ratios": [1, 0.3]}, **TIGHT
    ).fit(X, y)
    best = [np.unravel_index(np.argmax(s.T), (3, 2)) for s in ours.scores_]
    own = [ours.coefs_paths_[fold, r, c, 0] for fold, (c, r) in enumerate(best)]
    np.testing.assert_allclose(ours.coef_[0], np.mean(own, axis=0)[:6], rtol=1e-14)
    assert pytest.approx(np.mean([CS[c] for c, _ in best])) == ours.C_
    assert ours.alpha_ == pytest.approx(1 / (ours.C_ * len(y)))
    assert ours.l1_ratio_ == pytest.approx(np.mean([[1, 0.3][r] for _, r in best]))
    assert ours.alpha_1se_ in ours.alphas_


def test_refit_false_after_true_leaves_nothing_behind(problem):
    X, y, _ = problem
    model = LogisticRegressionCV(Cs=2, cv=3, **PLAIN).fit(pd.DataFrame(X).add_prefix("x"), y)
    model.set_params(refit=False).fit(X, y)
    for name in ("certificate_", "objective_", "solver_", "stop_reason_", "feature_names_in_"):
        assert not hasattr(model, name)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_class_missing_from_training(routing, fit_intercept):
    """Each training fold has one class only, each test fold the other."""
    X, y = np.arange(8.0)[:, None] - 3, np.repeat(["a", "b"], 4)
    given = {"cv": KFold(2), "Cs": np.logspace(-6, 2, 4), "fit_intercept": fit_intercept}
    given |= {"scoring": "neg_brier_score", "use_legacy_attributes": False, "l1_ratios": (0,)}
    with config_context(enable_metadata_routing=routing):
        ours = LogisticRegressionCV(**given).fit(X, y)
        theirs = sklearn.linear_model.LogisticRegressionCV(**given).fit(X, y)
        right = LogisticRegressionCV(**given | {"scoring": "accuracy"}).fit(X, y)
    assert ours.C_ == theirs.C_
    assert ours.coefs_paths_.shape == theirs.coefs_paths_.shape
    assert np.isfinite(ours.coefs_paths_).all()
    assert ours.converged_
    if fit_intercept:
        assert ours.C_ == 1e-6
        np.testing.assert_allclose(ours.coefs_paths_[0, 0, :, 0, 0], 0.0)
        np.testing.assert_allclose(ours.coefs_paths_[0, 0, :, 0, 1], np.log(1e4), rtol=1e-4)
        np.testing.assert_allclose(ours.scores_, -1.0, atol=1e-3)
        assert (right.scores_ == 0).all()
    else:
        np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=1e-3, atol=1e-5)


def test_one_class_with_offset_and_bounds():
    """Coefficients that cost least within the bounds; every row has the class that there is."""
    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.repeat([0, 1], 6)
    offset = np.linspace(-20, 20, 12)
    ours = LogisticRegressionCV(
        cv=KFold(2), Cs=2, bounds=([1.0, -np.inf], [2.0, 3.0]), **PLAIN | {"refit": False}
    ).fit(X, y, offset=offset)
    for fold, (train, _) in enumerate(KFold(2).split(X)):
        theta = ours.coefs_paths_[fold, 0, 0, 0]
        np.testing.assert_array_equal(theta[:2], [1.0, 0.0])
        z = X[train] @ theta[:2] + theta[2] + offset[train]
        assert (np.where(y[train] == 1, z, -z) >= np.log(1e4) * 0.999).all()
        assert np.min(np.abs(z)) == pytest.approx(np.log(1e4), rel=1e-3)


def test_class_missing_from_test_rows():
    """A metric that is told of all classes is defined there; the area under the curve is not."""
    X, y = np.array([[0.0, 1, 2, 3, 1, 2, 0, 4]]).T, np.array([0, 0, 1, 1, 0, 1, 1, 1])
    cv = [(np.arange(6), [6, 7]), (np.arange(2, 8), [0, 1])]
    given = {"cv": cv, "Cs": [0.01, 1], "use_legacy_attributes": False, "l1_ratios": (0,)}
    for scoring in ("neg_log_loss", "neg_brier_score"):
        ours = LogisticRegressionCV(scoring=scoring, **given).fit(X, y)
        theirs = sklearn.linear_model.LogisticRegressionCV(scoring=scoring, **given).fit(X, y)
        np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=1e-3)
    with pytest.warns(UndefinedMetricWarning):
        ours = LogisticRegressionCV(scoring="roc_auc", **given).fit(X, y)
    assert np.isnan(ours.scores_).all()
    assert ours.Cs_[0] == ours.C_  # as scikit-learn


def test_positive_label_of_scorers(problem):
    """Metrics of one class mean classes_[1], whatever the labels are called."""
    X, y, _ = problem
    names = np.array(["no", "yes"])[y]
    given = {"Cs": CS, "l1_ratios": (0,), "use_legacy_attributes": False}
    ours = LogisticRegressionCV(scoring="f1", **given).fit(X, names)
    coded = LogisticRegressionCV(scoring="f1", **given).fit(X, y)
    np.testing.assert_array_equal(ours.scores_, coded.scores_)
    chosen = make_scorer(sklearn.metrics.f1_score, pos_label="no")
    other = LogisticRegressionCV(scoring=chosen, **given).fit(X, names)
    assert (other.scores_ != ours.scores_).all()


# ---------------------------------------------------------------------- one standard error


def test_one_standard_error_by_hand(problem):
    X, y, _ = problem
    ours = LogisticRegressionCV(Cs=30, **PLAIN | {"l1_ratios": [0, 1]}).fit(X, y)
    r = [0, 1].index(ours.l1_ratio_)
    scores = ours.scores_[:, r]
    mean = scores.mean(axis=0)
    best = int(np.argmax(mean))
    assert ours.Cs_[best] == ours.C_
    error = np.sqrt(((scores[:, best] - mean[best]) ** 2).sum() / 4) / np.sqrt(5)
    within = [c for c in range(30) if mean[c] >= mean[best] - error]
    assert within[0] < best
    assert ours.C_1se_ == ours.Cs_[within[0]]
    assert ours.alpha_1se_ == ours.alphas_[within[0]]


def test_one_standard_error_of_made_up_scores(problem):
    """Known scores, in an order in which the strongest penalty is not the first."""
    X, y, _ = problem
    Cs = [1.0, 100.0, 0.01, 0.1]
    of_fold = iter(np.array([[5, 6, 0, 3], [6, 6, 0, 6.1], [7, 9, 0, 8]]).ravel())
    ours = LogisticRegressionCV(
        Cs=Cs, cv=3, **PLAIN | {"scoring": lambda model, X, y: next(of_fold)}
    ).fit(X, y)
    # means 6, 7, 0, 5.7; the best has standard deviation sqrt(3), standard error 1
    assert ours.C_ == 100.0
    assert ours.C_1se_ == 1.0


def test_one_fold_has_no_standard_error(problem):
    X, y, _ = problem
    ours = LogisticRegressionCV(Cs=CS, cv=[(np.arange(100), np.arange(100, 160))], **PLAIN)
    ours.fit(X, y)
    assert ours.alpha_1se_ == ours.alpha_


# ---------------------------------------------------------------------- scorers and routing


def test_scorer_meets_fitted_models(problem):
    """Called in order, fold by fold and strength by strength, from one thread."""
    X, y, _ = problem
    seen = []

    def scorer(model, X, y):
        assert isinstance(model, LogisticRegression)
        assert model.predict_proba(X).shape == (len(y), 2)
        seen.append((model.C, model.l1_ratio, len(y)))
        return model.score(X, y)

    given = {"Cs": CS, "cv": FOLDS, **PLAIN, "l1_ratios": (0, 0.5), "n_threads": 2}
    ours = LogisticRegressionCV(**given | {"scoring": scorer}).fit(X, y)
    assert seen == [(C, ratio, 40) for _ in range(4) for ratio in (0, 0.5) for C in CS]
    accuracy = LogisticRegressionCV(**given | {"scoring": "accuracy"}).fit(X, y)
    np.testing.assert_array_equal(ours.scores_, accuracy.scores_)


def test_metrics_at_once_equal_scorers(problem):
    """The two metrics that take a whole path at once, beside scikit-learn's one at a time."""
    X, y, weight = problem
    X = X * 40  # probabilities at the clip of log_loss
    given = {"Cs": [1e-6, 1e6], "cv": FOLDS, "use_legacy_attributes": False, "l1_ratios": (0,)}
    for name in ("accuracy", "neg_log_loss"):
        scorer = get_scorer(name)

        def one_by_one(model, X, y, scorer=scorer, **params):
            return scorer(model, X, y, **params)

        at_once = LogisticRegressionCV(scoring=name, **given).fit(X, y, weight)
        single = LogisticRegressionCV(scoring=one_by_one, **given).fit(X, y, weight)
        np.testing.assert_allclose(at_once.scores_, single.scores_, rtol=1e-12)


def test_offset_counts_in_the_scores(problem):
    X, y, weight = problem
    offset = np.random.default_rng(1).normal(size=len(y))
    given = {"Cs": CS, "cv": FOLDS, **PLAIN, **TIGHT}
    ours = LogisticRegressionCV(**given).fit(X, y, weight, offset=offset)
    for fold, (train, test) in enumerate(FOLDS.split(X, y)):
        model = model_on(X, y, train, weight, offset, C=CS[2])
        probability = model.predict_proba(X[test], offset=offset[test])
        score = -log_loss(y[test], probability, sample_weight=weight[test])
        assert ours.scores_[fold, 0, 2] == pytest.approx(score, rel=1e-6)

    def scorer(model, X, y, sample_weight):  # does not know of the offset
        return -log_loss(y, model.predict_proba(X), sample_weight=sample_weight)

    single = LogisticRegressionCV(**given | {"scoring": scorer}).fit(X, y, weight, offset=offset)
    np.testing.assert_allclose(single.scores_, ours.scores_, rtol=1e-10)
    expected = -log_loss(y, ours.predict_proba(X, offset=offset))
    assert ours.score(X, y, offset=offset) == pytest.approx(expected)
    assert ours.score(X, y) != pytest.approx(expected)
    accuracy = LogisticRegressionCV(**given | {"scoring": "accuracy"}).fit(X, y, offset=offset)
    assert accuracy.score(X, y, offset=offset) == (accuracy.predict(X, offset=offset) == y).mean()


def test_soft_targets(problem):
    X, y, weight = problem
    p = np.where(y == 1, 0.9, 0.2)
    ours = LogisticRegressionCV(Cs=CS, cv=3, **PLAIN, **TIGHT)
    ours.fit(X, np.column_stack([1 - p, p]), weight)
    np.testing.assert_array_equal(ours.classes_, [0, 1])
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        twice = np.concatenate([train, train])
        model = LogisticRegression(C=CS[2], **TIGHT).fit(
            X[twice], np.repeat([0, 1], len(train)),
            np.concatenate([weight[train] * (1 - p[train]), weight[train] * p[train]]),
        )  # fmt: skip
        np.testing.assert_allclose(ours.coefs_paths_[fold, 0, 2, 0, :6], model.coef_[0], rtol=1e-5)
        logs = model.predict_log_proba(X[test])
        score = np.average((1 - p[test]) * logs[:, 0] + p[test] * logs[:, 1], weights=weight[test])
        assert ours.scores_[fold, 0, 2] == pytest.approx(score, rel=1e-6)
    with pytest.raises(ValueError, match="scoring='accuracy' needs labels"):
        ours.set_params(scoring="accuracy").fit(X, np.column_stack([1 - p, p]))


def test_metadata_reach_the_splitter_and_the_scorer(problem):
    X, y, weight = problem
    groups = np.arange(len(y)) // 20
    with config_context(enable_metadata_routing=True):
        cv = GroupKFold(4)
        ours = LogisticRegressionCV(Cs=CS, cv=cv, **PLAIN).fit(X, y, groups=groups)
        fixed = list(GroupKFold(4).split(X, y, groups))
        same = LogisticRegressionCV(Cs=CS, cv=fixed, **PLAIN).fit(X, y)
        np.testing.assert_array_equal(ours.scores_, same.scores_)
        asks = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
        weighted = LogisticRegressionCV(Cs=CS, cv=fixed, **PLAIN | {"scoring": asks})
        weighted.fit(X, y, sample_weight=weight)
        declines = get_scorer("neg_log_loss").set_score_request(sample_weight=False)
        plain = LogisticRegressionCV(Cs=CS, cv=fixed, **PLAIN | {"scoring": declines})
        plain.fit(X, y, sample_weight=weight)
        np.testing.assert_array_equal(plain.coefs_paths_, weighted.coefs_paths_)
        assert (plain.scores_ != weighted.scores_).all()
        expected = -log_loss(y, weighted.predict_proba(X), sample_weight=weight)
        assert weighted.score(X, y, sample_weight=weight) == pytest.approx(expected)
        with pytest.raises(TypeError, match="unexpected argument"):
            plain.score(X, y, sample_weight=weight)
        router = ours.get_metadata_routing()
        assert {name for name, _ in router} >= {"splitter", "scorer"}
    with pytest.raises(ValueError, match="only supported if enable_metadata_routing"):
        ours.fit(X, y, groups=groups)


def test_score_is_the_scoring(problem):
    X, y, weight = problem
    ours = LogisticRegressionCV(Cs=CS, **PLAIN | {"scoring": "roc_auc"}).fit(X, y)
    expected = sklearn.metrics.roc_auc_score(y, ours.decision_function(X), sample_weight=weight)
    assert ours.score(X, y, weight) == pytest.approx(expected)
    ours = LogisticRegressionCV(Cs=CS, **PLAIN | {"scoring": None}).fit(X, y)
    assert ours.score(X, y) == (ours.predict(X) == y).mean()


# ---------------------------------------------------------------------- threads, progress, errors


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc"])
def test_same_bits_for_any_number_of_workers(problem, scoring):
    X, y, weight = problem
    given = {"Cs": 5 if scoring == "roc_auc" else "path", **PLAIN, "scoring": scoring}
    given |= {"l1_ratios": (0, 1), "standardize": True}
    one, two = (LogisticRegressionCV(n_jobs=k, **given).fit(X, y, weight) for k in (1, 2))
    many = LogisticRegressionCV(n_threads=16, **given).fit(X, y, weight)
    for name in ("coef_", "intercept_", "scores_", "coefs_paths_", "n_iter_", "alphas_"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes(), name
    assert one.alpha_1se_ == two.alpha_1se_ == many.alpha_1se_


def test_progress(problem, capsys, monkeypatch):
    X, y, _ = problem
    model = LogisticRegressionCV(Cs=2, cv=3, verbose=1, **PLAIN)
    pytest.importorskip("tqdm")
    model.fit(X, y)
    assert "3/3" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tqdm", None)
    model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"cross-validation: path {k} of 3" for k in (1, 2, 3)]
    model.set_params(verbose=2).fit(X, y)
    assert "iteration" in capsys.readouterr().out
    model.set_params(verbose=0).fit(X, y)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("n_threads", [1, 2])
def test_error_of_a_scorer_leaves_the_estimator(problem, n_threads):
    X, y, _ = problem
    model = LogisticRegressionCV(Cs=2, n_threads=n_threads, **PLAIN).fit(X, y)
    before = dict(vars(model))

    def scorer(model, X, y):
        raise RuntimeError("no score")

    model.scoring = scorer
    with pytest.raises(RuntimeError, match="no score"):
        model.fit(X, y)
    del before["scoring"]
    assert {name: vars(model)[name] for name in before} == before
    assert vars(model).keys() == before.keys() | {"scoring"}


def test_warns_of_models_that_did_not_converge(problem):
    X, y, _ = problem
    model = LogisticRegressionCV(Cs=2, cv=3, max_iter=1, **PLAIN)
    with pytest.warns(ConvergenceWarning) as seen:
        model.fit(X, y)
    assert "of the 6 models of the folds" in str(seen[0].message)
    assert "max_iter=1" in str(seen[0].message)
    assert all(w.filename == __file__ for w in seen)
    assert model.converged_ is False


def test_certificate_verifies(problem):
    X, y, weight = problem
    names = np.array(["no", "yes"])[y]
    given = {"Cs": CS, **PLAIN, "l1_ratios": (0.5,), "class_weight": {"no": 2.0}}
    ours = LogisticRegressionCV(**given).fit(X, names, weight)
    of_row = weight * np.where(y == 1, 1.0, 2.0)
    assert ours.certificate_.verify(X, names, sample_weight=of_row)
    loss, _ = reference.loss_gradient(X, y, ours.coef_[0], ours.intercept_[0], sample_weight=of_row)
    penalty = 0.5 * np.abs(ours.coef_).sum() + 0.25 * (ours.coef_**2).sum()
    assert ours.alpha_ == pytest.approx(1 / (ours.C_ * of_row.sum()))
    assert ours.objective_ == pytest.approx(loss + ours.alpha_ * penalty, rel=1e-12)


def test_precision_of_x(problem):
    X, y, _ = problem
    ours = LogisticRegressionCV(Cs=CS, **PLAIN).fit(X.astype(np.float32), y)
    assert ours.coef_.dtype == ours.intercept_.dtype == np.float32
    assert ours.coefs_paths_.dtype == np.float64
    double = LogisticRegressionCV(Cs=CS, **PLAIN).fit(X.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(ours.scores_, double.scores_, rtol=1e-6)


def test_pickle_and_clone(problem):
    X, y, _ = problem
    ours = LogisticRegressionCV(Cs=CS, cv=4, bounds=(0, None), **PLAIN).fit(X, y)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    assert again.certificate_.verify(X, y)
    copy = clone(ours)
    assert copy.get_params() == ours.get_params()
    assert not hasattr(copy, "coef_")
    assert ours.sparsify().predict(X).tolist() == again.predict(X).tolist()


def test_documentation():
    """Every parameter is described, and the example runs."""
    module = sys.modules[LogisticRegressionCV.__module__]
    assert doctest.testmod(module).attempted >= 4
    assert doctest.testmod(module).failed == 0
    parameters = LogisticRegressionCV.__doc__.split("Attributes\n")[0]
    for name in LogisticRegressionCV().get_params():
        assert re.search(rf"^    (\w+, )*{name}\b", parameters, re.MULTILINE), name


def test_signature_begins_as_scikit_learns():
    theirs = sklearn.linear_model.LogisticRegressionCV().get_params()
    ours = LogisticRegressionCV().get_params()
    own = {"alphas": None, "n_threads": None, "penalty_factor": None, "bounds": None}
    own |= {"multi_class": "auto", "reference_class": None, "grouped": False}
    assert ours == theirs | own | {"standardize": False, "solver": "auto"}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"Cs": [1.0], "alphas": [1.0]}, "Cs=.* and alphas=.* both set"),
        ({"Cs": [1.0, -1.0]}, "Cs must be above 0"),
        ({"Cs": [np.nan]}, "Cs must be above 0"),
        ({"Cs": [[1.0]]}, "Cs must be a one-dimensional array of numbers"),
        ({"Cs": ["a"]}, "Cs must be a one-dimensional array of numbers"),
        ({"Cs": []}, "Cs must be a one-dimensional array of numbers"),
        ({"Cs": 0}, "'Cs' parameter"),
        ({"Cs": "data"}, "'Cs' parameter"),
        ({"alphas": [-1.0]}, "alphas must be finite and at least 0"),
        ({"alphas": [np.inf]}, "alphas must be finite and at least 0"),
        ({"alphas": 3.0}, "'alphas' parameter"),
        ({"l1_ratios": [0.5, 1.5]}, "l1_ratios must be an array-like of numbers between 0 and 1"),
        ({"l1_ratios": ()}, "l1_ratios must be an array-like"),
        ({"l1_ratios": ["a"]}, "l1_ratios must be an array-like"),
        ({"l1_ratios": None, "penalty": "elasticnet"}, "l1_ratios must be an array-like"),
        ({"penalty": "none"}, "'penalty' parameter"),
        ({"scoring": "speed"}, "'scoring' parameter"),
        ({"cv": 1}, "'cv' parameter"),
        ({"cv": []}, "cv has no folds"),
        ({"cv": [([], [0, 1])]}, "fold 0 of cv has no training rows"),
        ({"cv": [([0, 1], [])]}, "fold 0 of cv holds out no rows"),
        ({"class_weight": {0: 1, 1: 1, 2: 1}}, "class_weight"),
        ({"penalty_factor": {0: -1}}, "penalty_factor"),
        ({"bounds": ([2.0] * 6, [1.0] * 6)}, "bounds: column 0 has low 2 and high 1"),
        ({"n_threads": 0}, "'n_threads' parameter"),
        ({"use_legacy_attributes": "no"}, "'use_legacy_attributes' parameter"),
    ],
    ids=str,
)
def test_wrong_parameters(problem, given, text):
    X, y, _ = problem
    with pytest.raises(ValueError, match=text):
        LogisticRegressionCV(**PLAIN | given).fit(X, y)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X, y, w: (X, np.ones_like(y), w), "only one class"),
        (lambda X, y, w: (X, y[:-1], w), "inconsistent numbers of samples"),
        (lambda X, y, w: (np.where(X > 1, np.nan, X), y, w), "contains NaN"),
        (lambda X, y, w: (X, y, -w), "Negative values in data passed to `sample_weight`"),
        (lambda X, y, w: (X, y, w[:-1]), "sample_weight.shape"),
        (
            lambda X, y, w: (X, y, np.where(np.arange(160) < 40, 0, 1.0)),
            "held-out rows .* weigh nothing",
        ),
        (lambda X, y, w: (X, y, np.where(np.arange(160) < 40, 1.0, 0)), "training rows of fold 0"),
    ],
)
def test_wrong_data(problem, change, text):
    X, y, weight = change(*problem)
    with pytest.raises(ValueError, match=text):
        LogisticRegressionCV(cv=KFold(4), **PLAIN).fit(X, y, weight)


def test_wrong_offset(problem):
    X, y, _ = problem
    with pytest.raises(ValueError, match="offset must have shape"):
        LogisticRegressionCV(**PLAIN).fit(X, y, offset=np.ones(3))


def test_warns_of_coming_defaults(problem):
    X, y, _ = problem
    with pytest.warns(FutureWarning) as seen:
        LogisticRegressionCV(Cs=1, cv=2).fit(X, y)
    texts = [str(w.message) for w in seen]
    assert [t.split("will change")[0] for t in texts] == [
        "The default value of use_legacy_attributes ",
        "The default value of the parameter 'scoring' ",
        "The default value for l1_ratios ",
    ]
    assert all(w.filename == __file__ for w in seen)


def test_older_spellings(problem):
    X, y, _ = problem
    given = {"Cs": CS, "cv": 3, "use_legacy_attributes": False, "scoring": "accuracy"}
    for penalty, ratio in (("l1", 1), ("l2", 0)):
        older = LogisticRegressionCV(penalty=penalty, **given).fit(X, y)
        newer = LogisticRegressionCV(l1_ratios=[ratio], **given).fit(X, y)
        np.testing.assert_array_equal(older.coefs_paths_, newer.coefs_paths_)
        assert older.l1_ratio_ == newer.l1_ratio_ == ratio
    older = LogisticRegressionCV(penalty="elasticnet", l1_ratios=[0.5], **given).fit(X, y)
    assert older.l1_ratio_ == 0.5
    with pytest.warns(UserWarning, match="only used when penalty is 'elasticnet'"):
        LogisticRegressionCV(penalty="l1", l1_ratios=[0.5], **given).fit(X, y)
