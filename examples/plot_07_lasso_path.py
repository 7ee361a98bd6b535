"""
A lasso path and its cross-validation
=====================================

How many of thirty measurements of a tumour does a diagnosis need? The lasso takes them up one
after the other as its penalty is relaxed; cross-validation says where to stop.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from fastlogreg import LogisticRegression, LogisticRegressionCV, logistic_path
from fastlogreg.displays import CVDisplay, PathDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

# %%
# The path
# --------
# From the least penalty that leaves every coefficient at zero, downwards. ``standardize=True`` lets
# the penalty count coefficients of columns at a common scale; the picture shows those.

path = logistic_path(X_train, y_train, standardize=True)
print(f"{len(path.alphas)} penalties, {path.df[0]} to {path.df[-1]} columns, {path.stop_reason}")
print("worst certificate of all:", path.gaps.max())

PathDisplay.from_path(path, scale=X_train.std(ddof=0))

assert path.df[0] == 0
assert (path.gaps <= 1e-7).all()
assert (np.diff(path.dev_ratio) > -1e-6).all()  # less penalty, better fit to these rows

# %%
# Cross-validation
# ----------------
# Five folds score every penalty on rows that the fold has not seen. ``alpha_`` scores best;
# ``alpha_1se_`` is the strongest penalty whose score is within a standard error of it, with fewer
# columns: by what the folds can tell, none of the others is needed.

chosen = LogisticRegressionCV(
    Cs="path", l1_ratios=[1], standardize=True, scoring="neg_log_loss", use_legacy_attributes=False
).fit(X_train, y_train)
display = CVDisplay.from_estimator(chosen)
display.ax_.set_title("Five folds: the mean score, and how sure it is")
plt.show()

# %%
# On the rows that were held back from all of this, the smaller model is the worse one: a standard
# error is what the folds cannot tell apart, not what a reader must give away for one column less.

small = LogisticRegression(alpha=chosen.alpha_1se_, l1_ratio=1, standardize=True)
small.fit(X_train, y_train)
losses = {}
for name, model in {"alpha_": chosen, "alpha_1se_": small}.items():
    losses[name] = log_loss(y_test, model.predict_proba(X_test))
    columns, right = (model.coef_ != 0).sum(), accuracy_score(y_test, model.predict(X_test))
    print(
        f"{name:10s} {columns:2d} columns, held-out log loss {losses[name]:.3f}, {right:.1%} right"
    )

assert small.converged_
assert chosen.converged_
assert (small.coef_ != 0).sum() < (chosen.coef_ != 0).sum() < 30
assert losses["alpha_"] < losses["alpha_1se_"]
assert accuracy_score(y_test, small.predict(X_test)) > 0.93
