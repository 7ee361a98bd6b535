"""scikit-learn's own tests of both estimators, as installed, run on this package's classes."""

import importlib.util
import inspect

import pytest
import sklearn.linear_model

import fastlogreg

if not sklearn.__version__.startswith("1.9."):
    pytest.skip("conftest.py judges the tests of scikit-learn 1.9", allow_module_level=True)


def _their_tests():
    """scikit-learn's test module, executed with our classes in the place of theirs."""
    spec = importlib.util.find_spec("sklearn.linear_model.tests.test_logistic")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LogisticRegression", "LogisticRegressionCV"):
            patch.setattr(sklearn.linear_model, name, getattr(fastlogreg, name))
        spec.loader.exec_module(module)
    return module


def _with_listed_values(mark):
    """The mark; iterators of parameters, which pytest deprecates, become lists."""
    if mark.name != "parametrize" or not inspect.isgenerator(mark.args[1]):
        return mark
    return pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs).mark


_module = _their_tests()
for _name, _test in list(vars(_module).items()):
    if _name.startswith("test_"):
        _test.pytestmark = [_with_listed_values(m) for m in getattr(_test, "pytestmark", [])]
        globals()[_name] = _test

# their suite runs with warnings shown, not raised
pytestmark = [pytest.mark.filterwarnings("default"), _module.pytestmark]


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
        values = dict(_parameters(getattr(_module, entry.test)))
        for name, value in (entry.parameters or {}).items():
            assert value in values[name], entry.test
        assert entry.reason
