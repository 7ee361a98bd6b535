"""
Moving a script over
====================

From scikit-learn, statsmodels and glmnet, on one data set, with the figures that each of them
gives. The objective is always the mean loss plus ``alpha`` times the penalty, so that only the
names differ.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.api as sm
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastlogreg
from fastlogreg.displays import CoefficientDisplay, PathDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
n = len(y)

# %%
# From scikit-learn
# -----------------
# Change the import; parameters, attributes and the meaning of C stay. Scaling is no longer needed
# for the fit to arrive, only where the penalty is to count all columns alike.

theirs = make_pipeline(StandardScaler(), Peer(C=0.1, tol=1e-10, max_iter=10_000)).fit(X, y)
ours = make_pipeline(StandardScaler(), fastlogreg.LogisticRegression(C=0.1)).fit(X, y)
one_step = fastlogreg.LogisticRegression(C=0.1, standardize=True).fit(X, y)
print("accuracy over five folds:", cross_val_score(ours, X, y).mean().round(3))

assert np.allclose(ours[-1].coef_, theirs[-1].coef_, atol=1e-4)
assert np.array_equal(ours.predict(X), theirs.predict(X))
assert np.allclose(one_step.predict_proba(X), ours.predict_proba(X), atol=1e-4)
assert one_step.certificate_.relative_gap <= 1e-9

# %%
# From statsmodels
# ----------------
# `Logit` keeps statsmodels' names, and adds no constant either. It has no penalty, which is
# ``alpha=0`` in `fastlogreg.fit`, where the intercept is not a column.

columns = ["mean texture", "mean smoothness", "mean symmetry", "mean fractal dimension"]
design = sm.add_constant(X[columns])
theirs = sm.Logit(y, design).fit(disp=False, tol=1e-12)
ours = fastlogreg.Logit(y, design).fit()
core = fastlogreg.fit(X[columns], y, tol=1e-13)
both = pd.DataFrame(
    {
        "statsmodels": theirs.params,
        "Logit": ours.params,
        "fit": np.append(core.intercept, core.coef),
    }
)
print(both)
CoefficientDisplay.from_inference(theirs).ax_.set_title("statsmodels' estimates and intervals")

assert np.allclose(both["Logit"], both["statsmodels"], rtol=1e-6)
assert np.allclose(both["fit"], both["statsmodels"], rtol=1e-6)
assert np.allclose(ours.bse, theirs.bse, rtol=1e-6)
assert np.isclose(ours.llf, theirs.llf)

# %%
# From glmnet
# -----------
# ``glmnet(x, y, family = "binomial")`` is `logistic_path` with ``standardize=True``; its lambda is
# alpha, its alpha is l1_ratio. R's ``coef(f, s = 0.02, exact = TRUE)``, with ``thresh = 1e-14`` (R
# 4.2.2, glmnet 4.1.6), is

in_r = {
    "(Intercept)": 15.15858801,
    "mean concave points": -13.51723017,
    "radius error": -0.8463121393,
    "worst radius": -0.4378405436,
    "worst texture": -0.1122080505,
    "worst smoothness": -6.305705656,
    "worst concave points": -16.86754786,
    "worst symmetry": -2.327291254,
}

path = fastlogreg.logistic_path(X, y, standardize=True)
PathDisplay.from_path(path, scale=X.std(ddof=0))
plt.show()

at = fastlogreg.fit(X, y, alpha=0.02, l1_ratio=1.0, standardize=True, tol=1e-13)
here = {name: value for name, value in zip(X.columns, at.coef, strict=True) if value}
print(pd.DataFrame({"glmnet": in_r, "fastlogreg": {"(Intercept)": at.intercept} | here}))

assert set(here) == set(in_r) - {"(Intercept)"}
assert all(np.isclose(value, in_r[name], rtol=1e-5) for name, value in here.items())
assert np.isclose(at.intercept, in_r["(Intercept)"], rtol=1e-5)

# %%
# What a fitted model is called elsewhere, ``equivalents()`` says.

calls = str(fastlogreg.LogisticRegression(C=0.1).fit(X, y).equivalents())
print(calls)
assert "statsmodels" in calls
assert "glmnet" in calls
