"""
Standard errors, intervals and tests
====================================

Profile intervals and robust standard errors of a treatment's effect; what a penalty makes invalid
is refused with the reason.
"""

import numpy as np

import fastlogreg

random = np.random.default_rng(1)
n = 200
age = random.normal(50, 10, n).round()
treatment = (random.random(n) < 0.2).astype(float)
healed = (2 * treatment - (age - 50) / 10 + random.logistic(size=n) > 0).astype(int)
X, names = np.column_stack([treatment, age]), ["treatment", "age"]

# %%
# The estimates, with standard errors that do not lean on the model

inference = fastlogreg.Inference(X, healed, feature_names=names, covariance="HC3")
print(inference.summary(), "\n")
print(inference.odds_ratios(method="profile"), "\n")
print(inference.marginal_effects(), "\n")
print("treatment:", inference.lr_test("treatment"))

assert inference.lr_test("treatment").pvalue < 1e-3
assert (inference.odds_ratios(method="profile")["low"][0]) > 1

# %%
# Under a penalty, Wald p-values have no meaning; bootstrap intervals have

held = fastlogreg.LogisticRegression(C=1.0).fit(X, healed).inference(X, healed)
try:
    held.pvalues  # noqa: B018
except ValueError as error:
    print("under a penalty:", error)
else:
    raise AssertionError("a penalised fit has no Wald p-values")
assert (held.conf_int(method="bootstrap", n_boot=200)[0] > 0).all()
