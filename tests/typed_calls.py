"""Calls as users write them, which mypy has to accept: its types are those that come out."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import fastlogreg
from fastlogreg import LogisticRegression
from fastlogreg.diagnostics.report import Report

X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0], [4.0, 0.0]])
y = [0, 1, 0, 1, 1]

result = fastlogreg.fit(X, y, alpha=0.1, bounds=(None, [1.0, 2.0]), sample_weight=[1, 2, 1, 1, 1])
assert_type(result, fastlogreg.FitResult)
assert_type(result.certificate.verify(X, y), bool)
assert_type(fastlogreg.predict_proba(X, result.coef, result.intercept), NDArray[Any])

path = fastlogreg.logistic_path(X, y, alphas=[0.2, 0.1])
assert_type(path, fastlogreg.Path)
coef, intercept = path.coef_at(0.15)
assert_type(intercept, float)

model = LogisticRegression(C=0.5, bounds={0: (None, 1.0)}, penalty_factor={1: 2.0}).fit(X, y)
assert_type(model, LogisticRegression)
assert_type(model.predict(X), NDArray[Any])
assert_type(model.to_json(), str)

assert_type(fastlogreg.doctor(X, y), Report)
loss, gradient = fastlogreg.loss_gradient(X, y, [0.0, 0.0], 0.0)
assert_type(loss, float)

inference = fastlogreg.Inference(X[:, :1], y)
assert_type(inference.bse, NDArray[Any])
assert_type(inference.lr_test().pvalue, float)
