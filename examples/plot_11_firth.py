"""
Firth's penalised likelihood on separated data
==============================================

Where a column predicts a class without fail, maximum likelihood sends its coefficient to infinity.
Jeffreys' penalty keeps it finite, and takes away most of the bias of small samples.
"""

import numpy as np

import fastlogreg

rng = np.random.default_rng(0)
treated = rng.random(60) < 0.25
age = rng.normal(50, 10, 60)
X = np.column_stack([treated, age])
y = treated | (rng.random(60) < 0.3)  # every treated patient responds

free = fastlogreg.fit(X, y)
print("maximum likelihood:", free.stop_reason, free.coef.round(1))

# %%
# Firth's fit, its relative FLAC, whose mean probability is the observed one, and estimates whose
# medians rather than means are right:

for method in ("firth", "flac", "median"):
    result = fastlogreg.firth(X, y, method=method)
    print(f"{method:7s} treated {result.coef[0]:.2f} +- {result.standard_errors[0]:.2f}", end="  ")
    print(f"age {result.coef[1]:.3f} +- {result.standard_errors[1]:.3f}")

# %%
# Near a boundary standard errors say little; profile intervals and likelihood-ratio tests do.

result = fastlogreg.firth(X, y)
low, high = result.interval(0.95, columns=0)[0]
test = result.test(0)
print(f"treated: 95 % profile interval {low:.2f} .. {high:.2f}, p = {test.pvalue:.1e}")

# %%
# What was claimed:

assert not free.converged
assert result.converged
assert 0 < low < result.coef[0] < high < np.inf
assert test.pvalue < 0.01
