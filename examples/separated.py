"""Well-separated classes: a steeper curve always fits better, so no optimum exists.

Run: python examples/separated.py
"""

import numpy as np

import fastlogreg
from fastlogreg.result import SEPARATED

X = np.arange(1.0, 7.0)[:, None]
y = np.array([0, 0, 0, 1, 1, 1])

print("slope m   loss of sigmoid(m (x - 3.5))")
losses = []
for slope in (1.0, 2.0, 5.0, 10.0, 20.0, 40.0):
    losses.append(fastlogreg.log_loss(y, slope * (X[:, 0] - 3.5)))
    print(f"{slope:7.0f}   {losses[-1]:.3e}")

free = fastlogreg.fit(X, y)  # no penalty
held = fastlogreg.fit(X, y, alpha=0.01)
print("without a penalty:", free.stop_reason)
print("with one:", held.stop_reason, held.coef.round(3))

assert all(np.diff(losses) < 0)
assert losses[-1] > 0
assert free.stop_reason == SEPARATED
assert held.converged
