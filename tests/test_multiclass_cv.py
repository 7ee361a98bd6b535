"""Cross-validation of many classes: shapes, choice, folds that lack a class, grids."""

import numpy as np
import pytest

import fastlogreg
from common.classes import DATA, exact, schemes
from fastlogreg import LogisticRegressionCV


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("ratios", [None, (0,), (0.5, 1)])
@schemes
def test_cross_validation_has_scikit_learns_shapes(legacy, ratios, scheme):
    X, y = DATA["iris"]()
    model = LogisticRegressionCV(
        Cs=[0.1, 1, 10], l1_ratios=ratios, cv=4, scoring="neg_log_loss",
        use_legacy_attributes=legacy, **scheme,
    ).fit(X, y)  # fmt: skip
    n = len(ratios or (0,))
    if legacy:
        many = () if ratios is None else (n,)
        assert list(model.scores_) == list(model.coefs_paths_) == [0, 1, 2]
        assert all(scores.shape == (4, 3, *many) for scores in model.scores_.values())
        assert all(paths.shape == (4, 3, *many, 5) for paths in model.coefs_paths_.values())
        assert model.n_iter_.shape == (1, 4, 3, *many)
        assert model.C_.shape == model.l1_ratio_.shape == (3,)
    else:
        assert model.scores_.shape == (4, n, 3)
        assert model.coefs_paths_.shape == (4, n, 3, 3, 5)
        assert model.n_iter_.shape == (4, n, 3)
    assert model.coef_.shape == (3, 4)
    assert model.predict_proba(X).shape == (150, 3)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "f1_macro", "roc_auc_ovr"])
@schemes
def test_cross_validation_is_a_grid_search(scoring, scheme):
    from sklearn.model_selection import GridSearchCV

    X, y = DATA["iris"]()
    Cs = [0.01, 1.0, 100.0]
    model = LogisticRegressionCV(
        Cs=Cs, l1_ratios=(0,), cv=3, scoring=scoring, use_legacy_attributes=False, tol=1e-6,
        class_weight={0: 2.0}, **scheme,
    ).fit(X, y)  # fmt: skip
    one = exact(class_weight={0: 2.0}, **scheme)
    search = GridSearchCV(one, {"C": Cs}, cv=3, scoring=scoring).fit(X, y)
    found = [search.cv_results_[f"split{fold}_test_score"] for fold in range(3)]
    np.testing.assert_allclose(model.scores_[:, 0], found, rtol=0, atol=1e-5)
    assert search.best_params_["C"] == model.C_
    np.testing.assert_allclose(model.coef_, search.best_estimator_.coef_, atol=1e-4)


@schemes
def test_folds_that_lack_a_class(scheme):
    X, y = DATA["iris"]()
    folds = [(np.flatnonzero(y != 2), np.flatnonzero(y == 2)), (np.flatnonzero(y == 0), [60, 70])]
    model = LogisticRegressionCV(
        Cs=[0.1, 10], l1_ratios=(0,), cv=folds, scoring="neg_log_loss",
        use_legacy_attributes=False, **scheme,
    ).fit(X, y)  # fmt: skip
    assert np.isfinite(model.scores_).all()
    assert model.scores_.max() < -5  # classes never seen are hardly likely
    coef, intercept = model.coefs_paths_[0, 0, 0, :, :4], model.coefs_paths_[0, 0, 0, :, 4]
    inner = fastlogreg.predict_proba(X[y != 2], coef, intercept)
    if not scheme:
        assert 0 < inner[:, 2].max() < 1.001e-4
        two = fastlogreg.fit(X[y != 2], y[y != 2], n_classes=2, alpha=0.1, tol=1e-12)
        np.testing.assert_allclose(coef[:2], two.coef, atol=1e-3)
        np.testing.assert_allclose(coef[2], 0.0, atol=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_grid_from_the_data_begins_with_an_empty_model(grouped):
    X, y = DATA["wine"]()
    model = LogisticRegressionCV(
        Cs="path", l1_ratios=(1,), cv=3, scoring="neg_log_loss", standardize=True,
        grouped=grouped, use_legacy_attributes=False,
    ).fit(X, y)  # fmt: skip
    top = model.alphas_[0]
    shared = {"l1_ratio": 1, "standardize": True, "grouped": grouped}
    assert not exact(alpha=top * 1.0001, **shared).fit(X, y).coef_.any()
    assert exact(alpha=top * 0.99, **shared).fit(X, y).coef_.any()
    assert model.alpha_ < model.alpha_1se_ < top


@schemes
def test_soft_targets_and_offsets_in_cross_validation(scheme):
    X, _ = DATA["iris"]()
    rng = np.random.default_rng(0)
    share, offset = rng.dirichlet([1, 2, 3], len(X)), rng.normal(size=(len(X), 3))
    options = {"l1_ratios": (0,), "cv": 3, "use_legacy_attributes": False, **scheme}
    model = LogisticRegressionCV(scoring="neg_log_loss", **options).fit(X, share, offset=offset)
    assert model.coef_.shape == (3, 4)
    with pytest.raises(ValueError, match="use scoring='neg_log_loss'"):
        LogisticRegressionCV(scoring="accuracy", **options).fit(X, share)
