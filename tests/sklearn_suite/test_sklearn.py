"""scikit-learn's own tests, as installed, run on this package's classes.

Those of both estimators, and those of parts of scikit-learn that work with any classifier, where
they use logistic regression.
"""

import importlib.util
import inspect

import pytest
import sklearn.linear_model

import fastlogreg

if not sklearn.__version__.startswith("1.9."):
    pytest.skip("conftest.py judges the tests of scikit-learn 1.9", allow_module_level=True)

# their modules, and what stands between "test_" and the names of their tests
MODULES = {
    "sklearn.linear_model.tests.test_logistic": "",
    "sklearn.tests.test_calibration": "calibration_",
    "sklearn.ensemble.tests.test_stacking": "stacking_",
    "sklearn.ensemble.tests.test_voting": "voting_",
    "sklearn.feature_selection.tests.test_rfe": "rfe_",
    "sklearn.tests.test_multioutput": "multioutput_",
    "sklearn.semi_supervised.tests.test_self_training": "self_training_",
    "sklearn.tests.test_multiclass": "multiclass_",
}
FIXTURE = type(pytest.fixture(lambda: None))


def _their_module(name):
    """scikit-learn's test module, executed with our classes in the place of theirs."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for estimator in ("LogisticRegression", "LogisticRegressionCV"):
            patch.setattr(sklearn.linear_model, estimator, getattr(fastlogreg, estimator))
        spec.loader.exec_module(module)
    return module


def _with_listed_values(mark):
    """The mark; iterators of parameters, which pytest deprecates, become lists."""
    if mark.name != "parametrize" or not inspect.isgenerator(mark.args[1]):
        return mark
    return pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs).mark


def _marks(owner):
    marks = getattr(owner, "pytestmark", [])
    return marks if isinstance(marks, list) else [marks]


def _collect():
    """Their tests and fixtures under the names that pytest finds here."""
    for name, prefix in MODULES.items():
        module = _their_module(name)
        for own, value in vars(module).items():
            if isinstance(value, FIXTURE):
                yield own, value
            elif own.startswith("test_") and inspect.isfunction(value):
                value.pytestmark = [
                    _with_listed_values(getattr(mark, "mark", mark))
                    for mark in [*_marks(value), *_marks(module)]
                ]
                yield f"test_{prefix}{own.removeprefix('test_')}", value


_THEIRS = dict(_collect())
globals().update(_THEIRS)

# their suite runs with warnings shown, not raised
pytestmark = pytest.mark.filterwarnings("default")


def _parameters(test):
    """Every parameter of a parametrised test and its values."""
    for mark in test.pytestmark:
        if mark.name == "parametrize":
            names, rows = mark.args[0], list(mark.args[1])
            names = [n.strip() for n in names.split(",")] if isinstance(names, str) else names
            for place, name in enumerate(names):
                yield name, rows if len(names) == 1 else [row[place] for row in rows]


def test_what_is_deselected_exists(deselected):
    """Every entry of the list has a reason and names a test and values of its parameters."""
    for entry in deselected:
        values = dict(_parameters(_THEIRS[entry.test]))
        for name, value in (entry.parameters or {}).items():
            assert value in values[name], entry.test
        assert entry.reason
