"""The scores of a cross-validation: their standard error, scorers, and what is routed to them."""

import numpy as np
import pytest
import sklearn.linear_model
from sklearn import config_context
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import GroupKFold, KFold

from common.cross_validation import CS, FOLDS, PLAIN, TIGHT, model_on, problem
from fastlogreg import LogisticRegression, LogisticRegressionCV

# ---------------------------------------------------------------------- one standard error


def test_one_standard_error_by_hand():
    X, y, _ = problem()
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


def test_one_standard_error_of_made_up_scores():
    """Known scores, in an order in which the strongest penalty is not the first."""
    X, y, _ = problem()
    Cs = [1.0, 100.0, 0.01, 0.1]
    of_fold = iter(np.array([[5, 6, 0, 3], [6, 6, 0, 6.1], [7, 9, 0, 8]]).ravel())
    ours = LogisticRegressionCV(
        Cs=Cs, cv=3, **PLAIN | {"scoring": lambda model, X, y: next(of_fold)}
    ).fit(X, y)
    # means 6, 7, 0, 5.7; the best has standard deviation sqrt(3), standard error 1
    assert ours.C_ == 100.0
    assert ours.C_1se_ == 1.0


def test_one_fold_has_no_standard_error():
    X, y, _ = problem()
    ours = LogisticRegressionCV(Cs=CS, cv=[(np.arange(100), np.arange(100, 160))], **PLAIN)
    ours.fit(X, y)
    assert ours.alpha_1se_ == ours.alpha_


# ---------------------------------------------------------------------- scorers and routing


def test_scorer_meets_fitted_models():
    """Called in order, fold by fold and strength by strength, from one thread."""
    X, y, _ = problem()
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


def test_metrics_at_once_equal_scorers():
    """The two metrics that take a whole path at once, beside scikit-learn's one at a time."""
    X, y, weight = problem()
    X = X * 40  # probabilities at the clip of log_loss
    given = {"Cs": [1e-6, 1e6], "cv": FOLDS, "use_legacy_attributes": False, "l1_ratios": (0,)}
    for name in ("accuracy", "neg_log_loss"):
        scorer = get_scorer(name)

        def one_by_one(model, X, y, scorer=scorer, **params):
            return scorer(model, X, y, **params)

        at_once = LogisticRegressionCV(scoring=name, **given).fit(X, y, weight)
        single = LogisticRegressionCV(scoring=one_by_one, **given).fit(X, y, weight)
        np.testing.assert_allclose(at_once.scores_, single.scores_, rtol=1e-12)


def test_offset_counts_in_the_scores():
    X, y, weight = problem()
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


def test_soft_targets():
    X, y, weight = problem()
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


def test_metadata_reach_the_splitter_and_the_scorer():
    X, y, weight = problem()
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


def test_score_is_the_scoring():
    X, y, weight = problem()
    ours = LogisticRegressionCV(Cs=CS, **PLAIN | {"scoring": "roc_auc"}).fit(X, y)
    expected = sklearn.metrics.roc_auc_score(y, ours.decision_function(X), sample_weight=weight)
    assert ours.score(X, y, weight) == pytest.approx(expected)
    ours = LogisticRegressionCV(Cs=CS, **PLAIN | {"scoring": None}).fit(X, y)
    assert ours.score(X, y) == (ours.predict(X) == y).mean()
