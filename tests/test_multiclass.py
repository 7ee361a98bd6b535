"""Many classes: against scikit-learn, one class against the rest, and what both share."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression as TheirRegression
from sklearn.multiclass import OneVsRestClassifier

import fastlogreg
from common.classes import DATA, exact, schemes
from fastlogreg import LogisticRegression


def theirs(X, y, sample_weight=None, **parameters):
    """scikit-learn's model, as exactly as its solvers go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TheirRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000, **parameters)
        return model.fit(X, y, sample_weight=sample_weight)


# ---------------------------------------------------------------------- the same model


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("C", [0.01, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_joint_model_is_scikit_learns(name, C, fit_intercept):
    X, y = DATA[name]()
    ours = exact(C=C, fit_intercept=fit_intercept).fit(X, y)
    model = theirs(X, y, C=C, fit_intercept=fit_intercept)
    np.testing.assert_allclose(ours.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.coef_, model.coef_, rtol=0, atol=1e-6)
    assert ours.coef_.shape == (len(ours.classes_), X.shape[1])
    assert ours.intercept_.shape == (len(ours.classes_),)
    assert ours.n_iter_.shape == (1,)
    assert ours.converged_
    assert ours.certificate_.relative_gap <= 1e-13 or "rounding" in ours.stop_reason_
    np.testing.assert_array_equal(ours.predict(X), model.predict(X))


@pytest.mark.parametrize("name", DATA)
def test_one_vs_rest_is_scikit_learns(name):
    X, y = DATA[name]()
    ours = exact(multi_class="ovr").fit(X, y)
    one = TheirRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    model = OneVsRestClassifier(one).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        ours.decision_function(X), model.decision_function(X), rtol=0, atol=1e-5
    )
    np.testing.assert_array_equal(ours.predict(X), model.predict(X))


def test_class_weights_and_sample_weights_are_scikit_learns():
    X, y = DATA["iris"]()
    weight = 1.0 + np.arange(len(y)) % 3
    for class_weight in ({0: 2.0, 2: 0.5}, "balanced"):
        ours = exact(class_weight=class_weight).fit(X, y, weight)
        model = theirs(X, y, weight, class_weight=class_weight)
        np.testing.assert_allclose(ours.coef_, model.coef_, rtol=0, atol=1e-6)
    model = OneVsRestClassifier(
        TheirRegression(solver="newton-cholesky", tol=1e-12, class_weight="balanced")
    ).fit(X, y)
    ours = exact(class_weight="balanced", multi_class="ovr").fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-6)


def test_a_class_without_weight_is_never_predicted():
    X, y = DATA["iris"]()
    model = exact(alpha=0.01, class_weight={1: 0.0}).fit(X, y)
    assert set(model.predict(X)) == {0, 2}
    kept = y != 1
    other = fastlogreg.fit(X[kept], y[kept] // 2, n_classes=2, alpha=0.01, tol=1e-13)
    np.testing.assert_allclose(model.coef_[[0, 2]], other.coef, atol=1e-5)
    np.testing.assert_allclose(model.coef_[1], 0.0, atol=1e-8)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("soft", [False, True])
def test_one_vs_rest_is_one_binary_fit_a_class_bit_for_bit(n_threads, soft):
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(4000, 30)), rng.integers(0, 4, 4000)
    y = np.eye(4)[codes] * 0.8 + 0.05 if soft else codes
    offset = rng.normal(size=(4000, 4))
    weight = rng.random(4000)
    bounds = (np.full((4, 30), -np.inf), np.where(np.arange(4)[:, None] == 2, 0.0, np.inf))
    bounds = (bounds[0], np.broadcast_to(bounds[1], (4, 30)))
    terms = {"l1_ratio": 0.3, "C": 0.05, "standardize": True}
    model = LogisticRegression(multi_class="ovr", n_threads=n_threads, bounds=bounds, **terms)
    model.fit(X, y, weight, offset=offset)
    for k in range(4):
        target = np.column_stack([1 - y[:, k], y[:, k]]) if soft else y == k
        one = LogisticRegression(bounds=(bounds[0][k], bounds[1][k]), **terms)
        one.fit(X, target, weight, offset=offset[:, k])
        assert model.coef_[k].tobytes() == one.coef_[0].tobytes()
        assert model.intercept_[k] == one.intercept_[0]
        assert model.n_iter_[k] == one.n_iter_[0]
        assert model.certificate_[k].gap == one.certificate_.gap
        assert model.solver_[k] == one.solver_
        assert model.certificate_[k].verify(
            X, y[:, k] if soft else y, sample_weight=weight, offset=offset[:, k]
        )
    assert model.coef_[2].max() <= 0.0 < model.coef_[1].max()


def test_two_classes_are_half_of_a_joint_model():
    X, y = DATA["iris"]()
    two = y > 0
    X, y = X[two], y[two]
    binary = fastlogreg.fit(X, y == 2, alpha=0.01, tol=1e-13)
    joint = fastlogreg.fit(X, y - 1, n_classes=2, alpha=0.02, tol=1e-13)
    np.testing.assert_allclose(joint.coef[1] - joint.coef[0], binary.coef, rtol=0, atol=1e-6)
    np.testing.assert_allclose(joint.coef[0], -joint.coef[1], rtol=0, atol=1e-12)
    for multi_class in ("auto", "multinomial", "ovr", "deprecated"):
        model = exact(multi_class=multi_class).fit(X, y)
        assert model.coef_.tobytes() == exact().fit(X, y).coef_.tobytes()


@schemes
def test_the_order_of_the_classes_does_not_matter(scheme):
    X, y = DATA["wine"]()
    model = exact(**scheme).fit(X, y)
    order = np.array([2, 0, 1])
    other = exact(**scheme).fit(X, order[y])
    np.testing.assert_allclose(other.coef_[order], model.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(other.intercept_[order], model.intercept_, rtol=0, atol=1e-5)


@schemes
def test_weights_are_repeats_and_their_unit_does_not_matter(scheme):
    X, y = DATA["iris"]()
    weight = np.arange(len(y)) % 3
    repeated = exact(alpha=0.01, **scheme).fit(np.repeat(X, weight, 0), np.repeat(y, weight))
    for unit in (1.0, 1e-5):
        weighted = exact(alpha=0.01, **scheme).fit(X, y, unit * weight)
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=0, atol=1e-6)


@schemes
def test_soft_targets_are_weighted_rows(scheme):
    X, _ = DATA["iris"]()
    share = np.random.default_rng(0).dirichlet([1, 2, 3], len(X))
    soft = exact(alpha=0.01, **scheme).fit(X, share)
    rows = np.tile(np.arange(len(X)), 3)
    hard = exact(alpha=0.01, **scheme)
    hard.fit(X[rows], np.repeat([0, 1, 2], len(X)), share.ravel("F"))
    np.testing.assert_allclose(soft.coef_, hard.coef_, rtol=0, atol=1e-6)
    assert soft.classes_.tolist() == [0, 1, 2]
    assert set(soft.predict(X)) <= {0, 1, 2}
    with pytest.raises(ValueError, match="score needs labels"):
        soft.score(X, share)


@schemes
def test_an_offset_is_added_to_the_scores(scheme):
    X, y = DATA["iris"]()
    rng = np.random.default_rng(0)
    model, shift = exact(alpha=0.01, **scheme).fit(X, y), rng.normal(size=(3, 4))
    unpenalised = exact(alpha=0.01, penalty_factor=[0, 1, 1, 1], **scheme)
    offset = X[:, :1] * shift[:, 0]
    plain, moved = clone(unpenalised).fit(X, y), clone(unpenalised).fit(X, y, offset=offset)
    np.testing.assert_allclose(
        plain.decision_function(X)[:, 1:] - plain.decision_function(X)[:, :1],
        (moved.decision_function(X, offset=offset)[:, 1:]
         - moved.decision_function(X, offset=offset)[:, :1]),
        rtol=0, atol=1e-4,
    )  # fmt: skip
    scores = model.decision_function(X, offset=offset)
    np.testing.assert_allclose(scores, model.decision_function(X) + offset, atol=1e-12)
    np.testing.assert_array_equal(model.predict(X, offset=offset), scores.argmax(axis=1))
    assert model.score(X, y, offset=offset) == np.mean(scores.argmax(axis=1) == y)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_matrix, np.asfortranarray, np.float32])
@schemes
def test_other_layouts_give_the_same_model(make, scheme):
    X, y = DATA["digits"]()
    model = LogisticRegression(**scheme).fit(X, y)
    other = LogisticRegression(**scheme).fit(make(X), y)
    np.testing.assert_allclose(other.coef_, model.coef_, rtol=0, atol=1e-3)
    assert other.coef_.dtype == (np.float32 if make is np.float32 else np.float64)
    probability = other.predict_proba(make(X))
    assert probability.dtype == other.coef_.dtype
    np.testing.assert_allclose(probability, model.predict_proba(X), rtol=0, atol=1e-3)
    dense = other.coef_.copy()
    other.sparsify()
    assert sp.issparse(other.coef_)
    np.testing.assert_allclose(other.predict_proba(make(X)), probability, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(other.densify().coef_, dense)


# ---------------------------------------------------------------------- own parameters


def test_a_reference_class_is_zero():
    X, y = DATA["wine"]()
    names = np.array(["barbera", "grignolino", "barolo"])[y]
    model = exact(C=np.inf, reference_class="barolo", fit_intercept=True)
    free = exact(alpha=1e-3, reference_class="barolo").fit(X, names)
    k = free.classes_.tolist().index("barolo")
    assert not free.coef_[k].any()
    assert free.intercept_[k] == 0.0
    other = exact(alpha=1e-3).fit(X, names)
    assert np.abs(free.predict_proba(X) - other.predict_proba(X)).max() > 1e-3  # another penalty
    with pytest.raises(ValueError, match="reference_class='merlot' is not a class of y"):
        model.set_params(reference_class="merlot").fit(X, names)
    with pytest.raises(ValueError, match="leave one of them out"):
        model.set_params(multi_class="ovr").fit(X, names)


def test_reference_of_two_classes():
    X, y = np.arange(6.0)[:, None], np.array(["a", "b", "a", "b", "a", "b"])
    plain = LogisticRegression().fit(X, y)
    named = LogisticRegression(reference_class="a").fit(X, y)
    np.testing.assert_array_equal(plain.coef_, named.coef_)
    with pytest.raises(ValueError, match="of two classes the first, 'a', is the reference"):
        LogisticRegression(reference_class="b").fit(X, y)
    with pytest.raises(ValueError, match="reference_class='c' is not a class of y"):
        LogisticRegression(reference_class="c").fit(X, y)


def test_a_grouped_penalty_takes_a_column_for_all_classes_or_none():
    X, y = DATA["wine"]()
    grouped = exact(alpha=0.05, l1_ratio=1, grouped=True).fit(X, y)
    free = exact(alpha=0.05, l1_ratio=1).fit(X, y)
    entered = (grouped.coef_ != 0).any(axis=0)
    assert 0 < entered.sum() < X.shape[1]
    assert (grouped.coef_ != 0)[:, entered].all()
    assert (free.coef_ == 0)[:, (free.coef_ != 0).any(axis=0)].any()
    with pytest.raises(ValueError, match="leave one of them out"):
        exact(grouped=True, multi_class="ovr").fit(X, y)


@schemes
def test_bounds_hold_for_every_class_or_for_each(scheme):
    X, y = DATA["iris"]()
    model = exact(alpha=0.01, bounds={1: (-0.1, 0.2)}, **scheme).fit(X, y)
    assert model.coef_[:, 1].min() >= -0.1
    assert model.coef_[:, 1].max() <= 0.2
    lower = np.full((3, 4), -np.inf)
    lower[1, 2] = 1.0 + exact(alpha=0.01, **scheme).fit(X, y).coef_[1, 2]
    model = exact(alpha=0.01, bounds=(lower, None), **scheme).fit(X, y)
    assert model.coef_[1, 2] == lower[1, 2]
    assert model.coef_[0, 2] < lower[1, 2]
    with pytest.raises(ValueError, match="bounds: lower must"):
        exact(bounds=(lower[:2], None), **scheme).fit(X, y)
    upper = np.full((3, 4), 1.0)
    upper[1, 3] = -2.0
    with pytest.raises(ValueError, match="bounds: column 3 of class 1 has low 0 and high -2"):
        exact(bounds=(np.zeros(4), upper), **scheme).fit(X, y)


# ---------------------------------------------------------------------- probabilities


@schemes
def test_probabilities_are_finite_and_sum_to_one_however_large_the_scores(scheme):
    X, y = DATA["iris"]()
    model = LogisticRegression(**scheme).fit(X, y)
    for scale in (1.0, 1e3, 1e5):
        rows = X * scale
        probability, logarithm = model.predict_proba(rows), model.predict_log_proba(rows)
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-12)
        assert np.isfinite(logarithm).all()
        np.testing.assert_allclose(np.exp(logarithm), probability, atol=1e-12)
        np.testing.assert_array_equal(
            model.classes_[probability.argmax(axis=1)], model.predict(rows)
        )
    assert logarithm.min() < -1e4
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict_proba(np.where(X > 7, np.nan, X))


# ---------------------------------------------------------------------- the object


@schemes
def test_pickles_clones_and_warm_starts(scheme):
    X, y = DATA["digits"]()
    model = LogisticRegression(warm_start=True, **scheme).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    cold = model.n_iter_.max()
    warm = model.fit(X, y).n_iter_.max()
    assert warm < cold
    # the same labels in another type, so in another order
    names = np.array([f"{9 - digit}" for digit in range(10)])
    coef = model.coef_
    model.classes_ = names
    fitted = model.fit(X, names[y])
    assert fitted.n_iter_.max() < cold
    np.testing.assert_allclose(fitted.coef_, coef[::-1], atol=1e-3)
    assert not hasattr(clone(model), "coef_")
    keep = model.fit(X[y < 3], y[y < 3])
    assert keep.coef_.shape == (3, X.shape[1])


def test_verbose_and_callbacks_watch_all_classes(capsys):
    X, y = DATA["iris"]()
    model = LogisticRegression(multi_class="ovr", verbose=1).fit(X, y)
    assert capsys.readouterr().out.count("iteration") == model.n_iter_.sum()
    assert model.coef_.tobytes() == LogisticRegression(multi_class="ovr").fit(X, y).coef_.tobytes()
    LogisticRegression(verbose=1).fit(X, y)
    assert "iteration   1  objective" in capsys.readouterr().out


def test_warnings_name_the_class():
    X, y = DATA["iris"]()
    y = np.array(["setosa", "versicolor", "virginica"])[y]
    with pytest.warns(
        fastlogreg.SeparationWarning, match="Class 'setosa' against the rest: no finite"
    ):
        LogisticRegression(C=np.inf, multi_class="ovr").fit(X, y)
    with pytest.warns(fastlogreg.ConvergenceWarning) as shown:
        model = LogisticRegression(max_iter=1, multi_class="ovr").fit(X, y)
    assert len(shown) == 3
    assert not model.converged_


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"y": np.zeros(150)}, "only one class"),
        ({"y": np.linspace(0, 1, 150)}, "Unknown label type"),
        ({"y": np.where(np.arange(150) == 3, np.nan, 1.0)}, "NaN"),
        ({"y": np.eye(3)[np.zeros(150, dtype=int)] + 0.5}, r"y\[0\] is \[1.5, 0.5, 0.5\]"),
        ({"y": np.tile([1.0, 0.0, 0.0], (150, 1))}, "only one class"),
        ({"y": np.arange(149) % 3}, "inconsistent numbers of samples"),
        ({"offset": np.zeros(150)}, r"offset must have shape \(150, 3\)"),
        ({"offset": np.full((150, 3), np.inf)}, "offset contains NaN or infinity"),
        ({"sample_weight": -np.ones(150)}, "Negative values"),
    ],
)
@schemes
def test_bad_input_is_refused_and_changes_nothing(change, text, scheme):
    X, y = DATA["iris"]()
    model = LogisticRegression(**scheme).fit(X, y)
    before = pickle.dumps(model)
    given = {"X": X, "y": y, **change}
    with pytest.raises(ValueError, match=text):
        model.fit(**given)
    assert pickle.dumps(model) == before


def test_one_against_the_rest_needs_every_class():
    X, y = DATA["iris"]()
    for given in ({"y": np.tile([0.5, 0.5, 0.0], (150, 1))}, {"y": y, "sample_weight": y != 1}):
        with pytest.raises(ValueError, match="No row of the class"):
            LogisticRegression(multi_class="ovr").fit(X, **given)


def test_verify_names_what_does_not_fit():
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 3
    certificate = LogisticRegression().fit(X, y).certificate_
    with pytest.raises(ValueError, match="y holds 7, which is no class of the fit"):
        certificate.verify(X, [0, 1, 2, 0, 1, 7])
    with pytest.raises(ValueError, match="X must have 5 rows"):
        certificate.verify(X, y[:5])
