"""Cross-validation: the same choice as a grid search and as scikit-learn."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.linear_model
from sklearn import config_context
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.preprocessing import scale

from common.cross_validation import CS, FOLDS, PLAIN, TIGHT, model_on, problem
from fastlogreg import LogisticRegression, LogisticRegressionCV, logistic_path


@pytest.fixture
def their_data():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


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
def test_equals_grid_search(scoring, make, weighted):
    X, y, weight = problem()
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
def test_models_of_the_folds(given, l1_ratio):
    """Row by row what a fit of the fold's own rows gives, with class weights of all rows."""
    X, y, weight = problem()
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


def test_alphas_are_shared_by_the_folds():
    X, y, weight = problem()
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
def test_grid_from_the_data(l1_ratios, of_grid):
    X, y, weight = problem()
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


def test_no_penalty_at_all():
    X, y, _ = problem()
    ours = LogisticRegressionCV(Cs=[1e-3, np.inf], cv=FOLDS, **PLAIN, **TIGHT).fit(X, y)
    train, _ = next(FOLDS.split(X, y))
    free = model_on(X, y, train, C=np.inf)
    np.testing.assert_allclose(ours.coefs_paths_[0, 0, 1, 0, :6], free.coef_[0], rtol=1e-5)
    assert np.inf == ours.C_
    assert ours.alpha_ == 0.0


@pytest.mark.parametrize("kind", ["repeated", "mask", "shuffled", "partial"])
def test_any_folds(kind):
    """Training sets with rows twice or left out, as masks, overlapping test sets."""
    X, y, _ = problem()
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


def test_weights_are_repeated_rows():
    X, y, weight = problem()
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
def test_attributes_as_in_scikit_learn(legacy, refit, fit_intercept, l1_ratios):
    X, y, weight = problem()
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


def test_means_over_folds_without_refit():
    X, y, _ = problem()
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


def test_refit_false_after_true_leaves_nothing_behind():
    X, y, _ = problem()
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


def test_positive_label_of_scorers():
    """Metrics of one class mean classes_[1], whatever the labels are called."""
    X, y, _ = problem()
    names = np.array(["no", "yes"])[y]
    given = {"Cs": CS, "l1_ratios": (0,), "use_legacy_attributes": False}
    ours = LogisticRegressionCV(scoring="f1", **given).fit(X, names)
    coded = LogisticRegressionCV(scoring="f1", **given).fit(X, y)
    np.testing.assert_array_equal(ours.scores_, coded.scores_)
    chosen = make_scorer(sklearn.metrics.f1_score, pos_label="no")
    other = LogisticRegressionCV(scoring=chosen, **given).fit(X, names)
    assert (other.scores_ != ours.scores_).all()
