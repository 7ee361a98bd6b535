"""The estimator: the right model, its parameters, its attributes, its neighbours."""

import gc
import inspect
import math
import pickle
import warnings
import weakref

import numpy as np
import pytest
import sklearn
import sklearn.exceptions
import sklearn.linear_model
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastlogreg import ConvergenceWarning, LogisticRegression, core, reference
from fastlogreg.result import MAX_ITER
from fastlogreg.warnings import SeparationWarning

TIGHT = {"tol": 1e-7}


def problem(n=200, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.logspace(-1, 1, p)
    y = (X @ np.linspace(1.0, -0.1, p) + rng.logistic(size=n) > 0.3).astype(int)
    return X, y


@pytest.fixture
def data():
    return problem()


@pytest.fixture
def spy(monkeypatch):
    """What the estimator hands to the core, call by call."""
    seen = []
    fit = core.fit

    def spying(X, y, **options):
        seen.append(options)
        return fit(X, y, **options)

    monkeypatch.setattr(core, "fit", spying)
    return seen


def their_model(X, y, sample_weight=None, **parameters):
    model = sklearn.linear_model.LogisticRegression(
        solver="newton-cholesky", tol=1e-10, max_iter=1000, **parameters
    )
    return model.fit(X, y, sample_weight)


# ------------------------------------------------------------------------------- the model


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"C": 0.03},
        {"C": 100},
        {"C": np.inf},
        {"fit_intercept": False},
        {"class_weight": "balanced"},
        {"class_weight": {1: 3.5}},
        {"class_weight": {0: 0.5, 1: 2}, "C": 0.1, "fit_intercept": False},
    ],
    ids=str,
)
def test_same_model_as_scikit_learn(data, parameters, weighted):
    X, y = data
    weight = np.random.default_rng(1).integers(0, 4, len(y)).astype(float) if weighted else None
    theirs = their_model(X, y, weight, **parameters)
    ours = LogisticRegression(**TIGHT, **parameters).fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight))


def test_attributes(data):
    X, y = data
    model = LogisticRegression(C=0.5).fit(X, y)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert model.coef_.shape == (1, 4)
    assert model.intercept_.shape == (1,)
    assert model.n_iter_.shape == (1,)
    assert model.n_iter_.dtype == np.int32
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")
    assert model.converged_ is True
    assert model.stop_reason_.startswith("converged")
    assert isinstance(model.solver_, str)
    loss, gradient = reference.loss_gradient(
        X, y, model.coef_[0], model.intercept_[0], alpha=1 / (0.5 * len(y))
    )
    assert model.objective_ == pytest.approx(loss, rel=1e-12)
    assert np.abs(gradient).max() < 1e-4


def test_certificate_holds_for_the_labels(data):
    X, y = data
    labels = np.array(["no", "yes"])[y]
    model = LogisticRegression().fit(X, labels)
    certificate = model.certificate_
    assert certificate.positive_class == "yes"
    assert certificate.relative_gap <= 1e-9
    assert certificate.verify(X, labels)
    model.coef_[:] = 0.0  # the certificate is about the solution, not about what became of it
    assert certificate.verify(X, labels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_of_the_data_is_kept(data, dtype):
    X, y = data[0].astype(dtype), data[1]
    model = LogisticRegression().fit(X, y)
    for values in (
        model.coef_,
        model.intercept_,
        model.decision_function(X),
        model.predict_proba(X),
        model.predict_log_proba(X),
    ):
        assert values.dtype == dtype


def test_no_intercept_is_a_zero(data):
    model = LogisticRegression(fit_intercept=False).fit(*data)
    np.testing.assert_array_equal(model.intercept_, np.zeros(1))


def test_log_probabilities_are_finite_and_exact():
    model = LogisticRegression().fit(*problem(p=1))
    model.coef_[:], model.intercept_[:] = 1.0, 0.0
    X = np.array([[-2000.0], [-40.0], [0.0], [40.0], [2000.0]])
    logs = model.predict_log_proba(X)
    np.testing.assert_allclose(logs[:, 1], [-2000, -40, -math.log(2), -math.exp(-40), 0])
    np.testing.assert_array_equal(logs[:, 0], logs[::-1, 1])


def test_scores_follow_coefficients_that_are_written_to(data):
    X, y = data
    model = LogisticRegression().fit(X, y)
    model.coef_[:], model.intercept_[:] = 0.0, -1.0
    np.testing.assert_array_equal(model.decision_function(X), -np.ones(len(X)))
    assert set(model.predict(X)) == {0}


# ------------------------------------------------------------------------------- parameters


@pytest.mark.skipif(not sklearn.__version__.startswith("1.9."), reason="1.9 has our parameters")
def test_signature_begins_with_theirs():
    ours = list(inspect.signature(LogisticRegression).parameters.values())
    theirs = list(inspect.signature(sklearn.linear_model.LogisticRegression).parameters.values())
    for a, b in zip(ours, theirs, strict=False):
        assert (a.name, a.kind) == (b.name, b.kind)
        assert a.default == ("auto" if a.name == "solver" else b.default)
    added = {p.name: (p.default, p.kind) for p in ours[len(theirs) :]}
    only = inspect.Parameter.KEYWORD_ONLY
    assert added == {
        "alpha": (None, only),
        "multi_class": ("auto", only),
        "n_threads": (None, only),
        "penalty_factor": (None, only),
        "bounds": (None, only),
        "standardize": (False, only),
        "reference_class": (None, only),
        "grouped": (False, only),
        "separation": ("warn", only),
    }


@pytest.mark.parametrize(
    "parameters",
    [
        {"penalty": "l2"},
        {"penalty": "elasticnet", "l1_ratio": 0},
        {"l1_ratio": None},
        {"n_jobs": -1},
        {"n_jobs": 1},
        {"n_threads": 1},
        {"multi_class": "multinomial"},
        {"multi_class": "ovr"},
        {"alpha": "1/n_samples"},
        {"alpha": 1 / 200},
        {"dual": True},
        {"intercept_scaling": 100.0},
        {"random_state": np.random.RandomState(0)},
        {"penalty_factor": np.ones(4)},
        {"penalty_factor": {}},
        {"bounds": (None, math.inf)},
        {"bounds": {}},
        *({"solver": s} for s in ("lbfgs", "liblinear", "newton-cg", "newton-cholesky")),
        *({"solver": s} for s in ("sag", "saga", "auto")),
    ],
    ids=str,
)
def test_other_spellings_are_silent_and_change_nothing(data, parameters):
    expected = LogisticRegression().fit(*data)
    model = LogisticRegression(**parameters).fit(*data)  # warnings are errors here
    np.testing.assert_array_equal(model.coef_, expected.coef_)


@pytest.mark.parametrize(
    "parameters",
    [{"penalty": None}, {"penalty": "none"}, {"C": np.inf}, {"alpha": 0}, {"alpha": 0.0}],
    ids=str,
)
def test_spellings_of_no_penalty(data, parameters):
    expected = LogisticRegression(C=math.inf).fit(*data)
    model = LogisticRegression(**parameters).fit(*data)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    assert model.certificate_.penalty.l2 == 0


def test_alpha_is_the_penalty_against_the_mean_loss(data, spy):
    X, y = data
    weight = np.linspace(0, 3, len(y))
    LogisticRegression(C=0.2, class_weight={1: 2}).fit(X, y, weight)
    assert spy[-1]["alpha"] == pytest.approx(1 / (0.2 * np.sum(weight * (1 + y))))
    LogisticRegression(alpha=0.3).fit(X, y, weight)
    assert spy[-1]["alpha"] == 0.3
    LogisticRegression(alpha="1/n_samples").fit(X, y, weight)
    assert spy[-1]["alpha"] == pytest.approx(1 / np.sum(weight))


@pytest.mark.parametrize("tol", [(1e-4, 1e-9), (1e-2, 1e-5), (0, 1e-14), (1e200, 1.0)])
def test_tol_becomes_relative_suboptimality(data, spy, tol):
    LogisticRegression(tol=tol[0]).fit(*data)
    assert spy[-1]["tol"] == pytest.approx(tol[1], rel=1e-12)


def test_c_and_alpha_contradict(data):
    with pytest.raises(ValueError, match=r"C=2.0 and alpha=0.1 both set"):
        LogisticRegression(C=2.0, alpha=0.1).fit(*data)


@pytest.mark.parametrize(
    "parameters", [{"penalty": None, "C": 4}, {"penalty": "l2", "l1_ratio": 1.0}], ids=str
)
def test_contradictions_warn_as_theirs_do(data, parameters):
    with pytest.warns(UserWarning, match="Setting penalty=None will ignore|Inconsistent values"):
        LogisticRegression(**parameters).fit(*data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("penalty", "l3"), ("C", 0.0), ("C", -1), ("C", math.nan), ("C", "1"), ("l1_ratio", 2.0),
        ("dual", "no"), ("tol", -1e-3), ("tol", None), ("fit_intercept", "yes"),
        ("intercept_scaling", 0), ("class_weight", "even"), ("class_weight", [1, 2]),
        ("class_weight", np.ones(2)), ("random_state", -1), ("solver", "adam"), ("solver", None),
        ("max_iter", -1), ("max_iter", 10.0), ("verbose", -1), ("warm_start", "yes"),
        ("n_jobs", 1.5), ("alpha", -0.1), ("alpha", "1/n"), ("multi_class", "none"),
        ("n_threads", 0), ("n_threads", 1.0), ("penalty_factor", 2.0), ("bounds", 1),
        ("standardize", "yes"), ("standardize", None),
    ],
)  # fmt: skip
def test_parameters_out_of_range(data, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LogisticRegression must be"):
        LogisticRegression(**{name: value}).fit(*data)


def test_parameter_validation_can_be_skipped(data):
    odd = {"random_state": "not looked at"}
    with config_context(skip_parameter_validation=True):
        assert LogisticRegression(**odd).fit(*data).converged_
    with pytest.raises(ValueError, match="random_state"):
        LogisticRegression(**odd).fit(*data)


def test_threads_reach_the_core(data, spy):
    LogisticRegression(n_jobs=1, n_threads=2).fit(*data)
    LogisticRegression(n_jobs=1).fit(*data)
    LogisticRegression().fit(*data)
    assert [call["n_threads"] for call in spy] == [2, 1, None]


# ------------------------------------------------------------------------------- iterations


def test_no_iterations_is_the_starting_point(data):
    X, y = data
    with pytest.warns(ConvergenceWarning):
        model = LogisticRegression(max_iter=0).fit(X, y)
    assert model.n_iter_ == 0
    np.testing.assert_array_equal(model.predict_proba(X), np.full((len(X), 2), 0.5))


def test_warning_says_what_was_proved(data):
    with pytest.warns(sklearn.exceptions.ConvergenceWarning) as record:
        model = LogisticRegression(max_iter=1).fit(*data)
    text = str(record[0].message)
    assert "Raise max_iter (now 1)" in text
    assert f"{model.certificate_.gap:.1e}" in text or "no bound" in text
    assert "scale" not in text
    assert record[0].filename == __file__
    assert not model.converged_
    assert model.stop_reason_ == MAX_ITER


def test_separation_has_its_own_warning():
    X = np.arange(10.0)[:, None]
    with pytest.warns(SeparationWarning, match="no finite maximum-likelihood.*complete"):
        model = LogisticRegression(C=math.inf).fit(X, X[:, 0] > 4.2)
    assert issubclass(SeparationWarning, sklearn.exceptions.ConvergenceWarning)
    assert not model.converged_
    assert np.isfinite(model.coef_).all()


def test_warm_start_goes_by_class_label(data, spy):
    X, y = data
    model = LogisticRegression(warm_start=True).fit(X, y)
    coef, intercept = model.coef_[0].copy(), model.intercept_[0]
    assert spy[-1]["start"] is None

    model.fit(X, y == 1)  # False and True are the same labels as 0 and 1
    np.testing.assert_array_equal(spy[-1]["start"][0], coef)
    assert spy[-1]["start"][1] == intercept

    model.classes_ = np.array([1, 0])  # the coefficients are now those of class 0
    coef, intercept = model.coef_[0].copy(), model.intercept_[0]
    model.fit(X, y)
    np.testing.assert_array_equal(spy[-1]["start"][0], -coef)
    assert spy[-1]["start"][1] == -intercept

    model.sparsify().fit(X, y)
    assert spy[-1]["start"] is not None
    model.fit(X, y + 1)  # other labels
    assert spy[-1]["start"] is None
    model.fit(X[:, :2], y + 1)  # other columns
    assert spy[-1]["start"] is None
    model.coef_[:] = math.nan
    model.fit(X[:, :2], y + 1)
    assert spy[-1]["start"] is None
    model.set_params(warm_start=False).fit(X[:, :2], y + 1)
    assert spy[-1]["start"] is None


def test_warm_start_at_the_optimum_needs_no_way(data):
    model = LogisticRegression(warm_start=True).fit(*data)
    coef, steps = model.coef_.copy(), model.n_iter_[0]
    model.fit(*data)
    assert model.n_iter_[0] < steps
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-4)


# ------------------------------------------------------------------------------- neighbours


def test_pickle_and_clone(data):
    X, y = data
    model = LogisticRegression(C=0.3, class_weight="balanced").fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    assert copied.certificate_.gap == model.certificate_.gap
    assert pickle.loads(pickle.dumps(SeparationWarning)) is SeparationWarning
    fresh = clone(model)
    assert fresh.get_params() == model.get_params()
    assert not hasattr(fresh, "coef_")


def test_representations(data):
    model = LogisticRegression(C=0.3)
    assert repr(model) == "LogisticRegression(C=0.3)"
    assert "LogisticRegression" in model.fit(*data)._repr_html_()


def test_nothing_keeps_the_data_alive(data):
    X, y = data[0].copy(), data[1].copy()
    weight = np.ones(len(y))
    watched = [weakref.ref(X), weakref.ref(y), weakref.ref(weight)]
    model = LogisticRegression().fit(X, y, weight)
    del X, y, weight, data
    gc.collect()
    assert model.converged_
    assert [ref() for ref in watched[2:]] == [None]
    assert watched[0]() is None
    assert watched[1]() is None


def test_sparsify_and_densify(data):
    X, y = data
    model = LogisticRegression().fit(X, y)
    expected = model.predict_proba(X)
    np.testing.assert_allclose(model.sparsify().predict_proba(X), expected, rtol=1e-12)
    assert not isinstance(model.coef_, np.ndarray)
    np.testing.assert_array_equal(model.densify().predict_proba(X), expected)


def test_metadata_routing(data):
    X, y = data
    weight = np.linspace(0.1, 2, len(y))
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, y, sample_weight=weight)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        out = cross_validate(pipeline, X, y, params={"sample_weight": weight}, scoring=scorer)
    scaled = StandardScaler().fit_transform(X)
    expected = LogisticRegression().fit(scaled, y, weight)
    np.testing.assert_array_equal(pipeline[-1].coef_, expected.coef_)
    assert out["test_score"].min() > 0.5


@pytest.mark.parametrize(
    "around",
    [
        lambda model: GridSearchCV(model, {"C": np.logspace(-2, 2, 3), "fit_intercept": [0 > 1]}),
        lambda model: CalibratedClassifierCV(model, cv=3),
        lambda model: BaggingClassifier(model, n_estimators=3, random_state=0),
        lambda model: VotingClassifier([("a", model), ("b", clone(model))], voting="soft"),
        lambda model: make_pipeline(SelectFromModel(model, max_features=2), clone(model)),
    ],
    ids=["grid search", "calibration", "bagging", "voting", "selection"],
)
def test_works_inside_meta_estimators(data, around):
    X, y = data
    labels = np.array(["no", "yes"])[y]
    model = around(LogisticRegression()).fit(X, labels)
    assert model.score(X, labels) > 0.6


def test_one_against_the_rest_for_three_classes():
    X, _ = problem()
    y = np.digitize(X[:, 3], [-5, 5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    assert model.score(X, y) > 0.5
