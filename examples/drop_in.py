"""The estimator in place of scikit-learn's, on data that nobody scaled.

Run: python examples/drop_in.py
"""

import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression as Slow
from sklearn.model_selection import cross_val_score

from fastlogreg import LogisticRegression, reference

X, y = load_breast_cancer(return_X_y=True)
model = LogisticRegression().fit(X, y)
print("accuracy, 5 folds:", cross_val_score(model, X, y).mean().round(3))
print("certificate:", model.certificate_)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # "failed to converge", "scale your data"
    slow = Slow().fit(X, y)


def objective(fitted):
    """The objective both minimise, in NumPy."""
    return reference.loss_gradient(X, y, fitted.coef_[0], fitted.intercept_[0], alpha=1 / len(y))[0]


above = objective(slow) / objective(model) - 1
print(f"scikit-learn's default stops {above:.0%} above the optimum, this one at it")

assert model.converged_
assert above > 0.01
assert np.isclose(objective(model), model.objective_, rtol=1e-12)
