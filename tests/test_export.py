"""Models elsewhere: scikit-learn's objects with the same predictions, and JSON to the last bit."""

import dataclasses
import json
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression as TheirRegression
from sklearn.multiclass import OneVsRestClassifier

import fastlogreg
from fastlogreg import LogisticRegression, LogisticRegressionCV, document


def two():
    return load_breast_cancer(return_X_y=True)


def three():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


MODELS = {
    "two": (two, LogisticRegression(C=0.1)),
    "no penalty": (three, LogisticRegression(C=np.inf, fit_intercept=False, max_iter=1000)),
    "float32": (lambda: (two()[0].astype(np.float32), two()[1] == 1), LogisticRegression()),
    "three": (three, LogisticRegression(alpha=0.01, class_weight={"setosa": 2.0})),
    "lasso": (three, LogisticRegression(l1_ratio=1, C=0.5, penalty_factor={0: 0.0})),
    "one against the rest": (three, LogisticRegression(multi_class="ovr", bounds={0: (0, None)})),
    "cross-validated": (
        two,
        LogisticRegressionCV(
            Cs=[0.1, 1.0], l1_ratios=(0,), scoring="neg_log_loss", use_legacy_attributes=False
        ),
    ),
    "cross-validated, older attributes": (
        three,
        LogisticRegressionCV(
            Cs=[0.1, 1.0], l1_ratios=None, scoring="accuracy", use_legacy_attributes=True
        ),
    ),
}


@pytest.fixture(params=MODELS)
def fitted(request):
    """(model, X, y); three classes are separated, so some fits have no optimum to reach."""
    make, model = MODELS[request.param]
    X, y = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastlogreg.ConvergenceWarning)
        return clone(model).fit(X, y), X, y


# ---------------------------------------------------------------------- scikit-learn


def test_to_sklearn_predicts_the_same(fitted):
    model, X, y = fitted
    other = model.to_sklearn()
    apart = model.multi_class == "ovr"
    assert type(other) is (OneVsRestClassifier if apart else TheirRegression)
    for again in (other, pickle.loads(pickle.dumps(other))):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        probability = again.predict_proba(X)
        atol = 1e-5 if X.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(probability, model.predict_proba(X), rtol=0, atol=atol)
        assert probability.shape == (len(X), len(model.classes_))
        np.testing.assert_array_equal(again.classes_, model.classes_)
        assert again.n_features_in_ == X.shape[1]
        assert again.score(X, y) == np.mean(model.predict(X) == y)
    other.coef_ = None
    assert model.coef_ is not None
    with pytest.raises(NotFittedError):
        clone(model.to_sklearn()).predict(X)
    with pytest.raises(NotFittedError):
        clone(model).to_sklearn()


def test_a_refit_of_the_sklearn_object_is_the_same_model():
    for make, parameters in ((two, {"C": 1e-4}), (three, {"C": 0.5}), (three, {"alpha": 0.02})):
        X, y = make()
        model = LogisticRegression(tol=1e-6, **parameters).fit(X, y)
        other = model.to_sklearn().set_params(tol=1e-10, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-4)
    assert model.to_sklearn().C == 1 / (0.02 * 150)


def test_to_sklearn_is_theirs_while_their_names_are_ours():
    X, y = two()
    model = LogisticRegression().fit(X, y)
    fastlogreg.patch_sklearn()
    try:
        assert sklearn.linear_model.LogisticRegression is LogisticRegression
        assert type(model.to_sklearn()).__module__.startswith("sklearn.")
    finally:
        fastlogreg.unpatch_sklearn()


def test_feature_names_go_along():
    X, y = load_iris(return_X_y=True, as_frame=True)
    for multi_class in ("auto", "ovr"):
        model = LogisticRegression(multi_class=multi_class).fit(X, y)
        for other in (model.to_sklearn(), LogisticRegression.from_json(model.to_json())):
            assert other.feature_names_in_.tolist() == X.columns.tolist()
            np.testing.assert_array_equal(other.predict(X), model.predict(X))


# ---------------------------------------------------------------------- JSON


def same(a, b):
    """Whether two values are the same to the last bit and of the same kind."""
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and all(map(same, a, b))
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    return type(a) is type(b) and a == b


def test_json_reads_back_to_the_last_bit(fitted):
    model, X, y = fitted
    again = type(model).from_json(model.to_json())
    assert type(again) is type(model)
    for name, value in vars(model).items():
        assert same(value, vars(again)[name]), name
    assert vars(again).keys() == vars(model).keys()
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert again.to_json() == model.to_json()
    if getattr(again, "separation_", None) is not None and model.multi_class != "ovr":
        assert again.separation_.verify(X, y)
    if model.multi_class == "ovr":
        assert all(proof.verify(X, y) for proof in again.certificate_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastlogreg.ConvergenceWarning)
        refitted = again.fit(X, y)
    assert refitted.coef_.tobytes() == model.coef_.tobytes()


def test_json_of_a_sparse_model():
    X, y = three()
    model = LogisticRegression(l1_ratio=1, C=0.1).fit(X, y).sparsify()
    again = LogisticRegression.from_json(model.to_json())
    assert sp.issparse(again.coef_)
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


VALUES = [
    None, True, 3, -0.0, 1e-310, 0.1 + 0.2, np.inf, -np.inf, "text \u00fc", np.float32(0.1),
    np.int8(-3), np.bool_(True), np.str_("a"), [1, [2.5]], (1, "a"), {"a": 1, 2: {"b": (None,)}},
    np.arange(6).reshape(2, 3), np.array([0.1, np.inf, -0.0], dtype=np.float32), np.zeros((0, 3)),
    np.array(["a", "bc"]), np.array(["a", 1, None], dtype=object), np.array([True, False]),
    np.array([1, 2], dtype=">i4"), np.array([2**64 - 1], dtype=np.uint64), 2**70,
    fastlogreg.fit([[0.0], [1.0], [2.0]], [0, 1, 0], alpha=0.1).certificate,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_as_they_were(value):
    again = document.decode(json.loads(json.dumps(document.encode(value), allow_nan=False)))
    assert same(value, again)
    assert str(again) == str(value)  # the sign of zero


def test_nan_comes_back():
    assert np.isnan(document.decode(document.encode(np.nan)))


def test_what_cannot_be_written_is_named():
    X, y = two()
    model = LogisticRegression(random_state=np.random.RandomState(0)).fit(X, y)
    with pytest.raises(TypeError, match="parameter random_state: a RandomState cannot be"):
        model.to_json()
    with pytest.raises(NotFittedError):
        LogisticRegression().to_json()


def changed(**changes):
    X, y = three()
    content = json.loads(LogisticRegression().fit(X, y).to_json())
    return json.dumps(content | changes)


def without_coefficients():
    content = json.loads(changed())
    del content["attributes"]["coef_"]
    return json.dumps(content)


def with_attribute(name, value):
    content = json.loads(changed())
    content["attributes"][name] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: "no json", "not a fastlogreg estimator file, which is JSON"),
        (lambda: "[1]", "not a fastlogreg estimator file; `to_json` writes one"),
        (lambda: changed(kind="fastlogreg model"), "not a fastlogreg estimator file"),
        (lambda: changed(format=2), "format 2 was written by fastlogreg .*reads format 1"),
        (lambda: changed(**{"class": "LogisticRegressionCV"}), "is of a LogisticRegressionCV"),
        (without_coefficients, r"damaged .*coef_"),
        (lambda: with_attribute("predict", 3), "damaged .*predict"),
        (lambda: with_attribute("coef_", {"what": 1}), "no value of such a file"),
        (lambda: with_attribute("coef_", {"array": [1.0], "shape": [1, 1], "dtype": "<f8"}),
         "do not fit"),
        (lambda: changed(parameters={"C": 1.0, "more": 2}), "damaged .*more"),
    ],
)  # fmt: skip
def test_other_texts_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        LogisticRegression.from_json(make())
