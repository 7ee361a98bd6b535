"""The place of scikit-learn's estimators taken by ours, for code that knows only those."""

import sys
import types

# pickles find scikit-learn's classes in the module that defines them, so that one keeps them
_HOME = "sklearn.linear_model._logistic"
_NAMES = ("LogisticRegression", "LogisticRegressionCV")

_replaced: list[tuple] = []  # (module, name, what stood there), newest last


def patch_sklearn() -> None:
    """Put the fast classes in the place of scikit-learn's LogisticRegression and -CV.

    Every global name of every module imported so far that stands for one of the two classes then
    stands for the fast one: ``sklearn.linear_model``, scikit-learn's own modules that use it as a
    part (the default of StackingClassifier), the running script. Imports from
    ``sklearn.linear_model`` that come later give the fast classes too. Calling it again also
    reaches what was imported since.

    Notes
    -----
    Not reached, because nothing leads to them: instances and subclasses made before, classes kept
    in a list, a dict, a closure, a default argument or an attribute of a class. Objects made before
    stay what they are, instances of scikit-learn's class.

    Pickles are as without the patch: those of scikit-learn's models load as scikit-learn's models,
    since its private module ``sklearn.linear_model._logistic``, which they name, keeps its classes;
    models fitted with the fast class need this package to be loaded, patched or not.

    Processes that are started afresh ("spawn", "forkserver") have to call it themselves.

    See Also
    --------
    unpatch_sklearn : The way back.

    Returns
    -------
    None

    Examples
    --------
    >>> import fastlogreg, sklearn.linear_model
    >>> fastlogreg.patch_sklearn()
    >>> sklearn.linear_model.LogisticRegression is fastlogreg.LogisticRegression
    True
    >>> fastlogreg.unpatch_sklearn()
    >>> sklearn.linear_model.LogisticRegression is fastlogreg.LogisticRegression
    False
    """
    fast = {id(theirs): ours for theirs, ours in _pairs()}
    for module in list(sys.modules.values()):
        if not isinstance(module, types.ModuleType):
            continue
        names = object.__getattribute__(module, "__dict__")  # loads no module that is lazy
        if names.get("__name__") == _HOME:
            continue
        for name, value in list(names.items()):
            if id(value) in fast:
                names[name] = fast[id(value)]
                _replaced.append((module, name, value))


def unpatch_sklearn() -> None:
    """Undo `patch_sklearn`: every name that it changed stands for scikit-learn's class again.

    Names that have been given another value since are left alone; modules imported while the patch
    was in force keep the classes that they took.

    Returns
    -------
    None

    Examples
    --------
    >>> import fastlogreg, sklearn.linear_model
    >>> before = sklearn.linear_model.LogisticRegression
    >>> fastlogreg.patch_sklearn()
    >>> fastlogreg.unpatch_sklearn()
    >>> sklearn.linear_model.LogisticRegression is before
    True
    """
    ours = tuple(fast for _, fast in _pairs())
    while _replaced:
        module, name, value = _replaced.pop()
        if any(vars(module).get(name) is fast for fast in ours):
            setattr(module, name, value)


def _pairs():
    """(scikit-learn's class, ours) of both estimators."""
    from sklearn.linear_model import _logistic

    import fastlogreg

    return [(getattr(_logistic, name), getattr(fastlogreg, name)) for name in _NAMES]
