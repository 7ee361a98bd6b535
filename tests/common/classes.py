"""Data of many classes, the two ways to model them, and an exact fit."""

import pytest
from sklearn.datasets import load_digits, load_iris, load_wine

from fastlogreg import LogisticRegression


def wine():
    X, y = load_wine(return_X_y=True)
    return X / X.std(axis=0), y


def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16.0, y[:600]


DATA = {"iris": lambda: load_iris(return_X_y=True), "wine": wine, "digits": digits}
schemes = pytest.mark.parametrize("scheme", [{}, {"multi_class": "ovr"}], ids=["joint", "ovr"])


def exact(**parameters):
    return LogisticRegression(tol=1e-6, max_iter=1000, **parameters)
