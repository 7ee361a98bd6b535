"""The parameters of a cross-validation, and what it refuses."""

import doctest
import re
import sys

import numpy as np
import pytest
import sklearn.linear_model
from sklearn.model_selection import KFold

from common.cross_validation import CS, PLAIN, problem
from fastlogreg import LogisticRegressionCV


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
def test_wrong_parameters(given, text):
    X, y, _ = problem()
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
def test_wrong_data(change, text):
    X, y, weight = change(*problem())
    with pytest.raises(ValueError, match=text):
        LogisticRegressionCV(cv=KFold(4), **PLAIN).fit(X, y, weight)


def test_wrong_offset():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="offset must have shape"):
        LogisticRegressionCV(**PLAIN).fit(X, y, offset=np.ones(3))


def test_warns_of_coming_defaults():
    X, y, _ = problem()
    with pytest.warns(FutureWarning) as seen:
        LogisticRegressionCV(Cs=1, cv=2).fit(X, y)
    texts = [str(w.message) for w in seen]
    assert [t.split("will change")[0] for t in texts] == [
        "The default value of use_legacy_attributes ",
        "The default value of the parameter 'scoring' ",
        "The default value for l1_ratios ",
    ]
    assert all(w.filename == __file__ for w in seen)


def test_older_spellings():
    X, y, _ = problem()
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
