"""
Well-separated classes
======================

When a column tells the classes apart without a mistake, a steeper curve always fits better: there
is no best one. What libraries make of that, and what can be done.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression as Peer

import fastlogreg
from fastlogreg import LogisticRegression
from fastlogreg.displays import DecisionBoundaryDisplay, SeparationDisplay, SigmoidDisplay

x = np.arange(1.0, 7.0)
X, y = x[:, None], np.array([0, 0, 0, 1, 1, 1])

# %%
# Slope and intercept
# -------------------
# On one column the model is ``p = sigmoid(m x + c)``. scikit-learn's m and c for weaker and weaker
# penalties: the threshold ``-c / m`` stays at 3.5, and the curve steepens without end.

slopes = []
print("     C        m         c    threshold")
for C in [0.1, 1, 10, 100, 10_000]:
    peer = Peer(C=C, tol=1e-10).fit(X, y)
    m, c = peer.coef_[0, 0], peer.intercept_[0]
    slopes.append(m)
    print(f"{C:6g} {m:8.3f} {c:9.3f} {-c / m:10.3f}")
assert (np.diff(slopes) > 0).all()
assert np.isclose(-c / m, 3.5, atol=1e-3)

# %%
# Larger m, smaller loss, never zero
# ----------------------------------
# The rows nearest to the threshold are half a unit away, so that the loss falls as ``exp(-m / 2)``:
# at the left the loss, at the right the curves of a few slopes.

curve = fastlogreg.separation_curve(X, y, slopes=np.linspace(1.0, 100.0, 100))
display = SeparationDisplay.from_curve(curve, x, y, xlabel="x")
display.sigmoid_ax_.set_title("the steeper the curve, the smaller the loss")
assert np.isclose(curve.margin, 0.5)
assert np.isclose(curve.direction_intercept, -3.5)
assert (np.diff(curve.losses) < 0).all()
assert curve.losses[-1] > 0
assert np.isclose(np.log(curve.losses[-1] / curve.losses[-2]), -0.5, atol=1e-6)

# %%
# What the solvers report
# -----------------------
# A solver that looks at the gradient alone finds it small, sooner or later, and calls that
# converged: its m is an accident of its tolerance. This library proves that the classes are
# separated and names what is infinite; anyone can check the proof.

accidents = []
for tol in (1e-2, 1e-4, 1e-8):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = Peer(C=np.inf, tol=tol, max_iter=10_000).fit(X, y)
    accidents.append(peer.coef_[0, 0])
    print(
        f"scikit-learn, tol={tol:g}: m = {peer.coef_[0, 0]:.2f} after {peer.n_iter_[0]} iterations"
    )

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    free = LogisticRegression(C=np.inf).fit(X, y)
print(f"fastlogreg: {caught[0].category.__name__}: {caught[0].message}")
assert accidents[0] < 0.7 * accidents[-1]
assert issubclass(caught[0].category, fastlogreg.SeparationWarning)
assert not free.converged_
assert free.separation_.kind == "complete"
assert free.separation_.infinite == {0: 1, "intercept": -1}
assert free.separation_.verify(X, y)

# %%
# Firth's likelihood
# ------------------
# Jeffreys' prior makes the estimate finite without a strength to choose. Its profile interval runs
# from barely above zero to six: that the slope is positive is all that six rows can tell.

firth = LogisticRegression(penalty="firth").fit(X, y)
low, high = fastlogreg.firth(X, y).interval(columns=0)[0]
print(f"Firth: m = {firth.coef_[0, 0]:.2f}, 95 % profile interval {low:.3f} to {high:.2f}")
assert firth.converged_
assert np.isclose(-firth.intercept_[0] / firth.coef_[0, 0], 3.5)
assert 0 < low < firth.coef_[0, 0] < high

# %%
# A penalty
# ---------
# With a penalty the optimum is finite and certified.

held = LogisticRegression(C=1.0).fit(X, y)
display = SigmoidDisplay.from_estimator(held, x, y)
display.ax_.set_title("C = 1: one optimum, with a proof")
print(held.certificate_)
assert held.converged_
assert np.allclose(display.thresholds, 3.5, atol=1e-6)

# %%
# The limit: the widest margin
# ----------------------------
# Coefficients grow without bound as the penalty vanishes, but their direction settles: on that of
# `separation_curve`, which has the widest margin, as a support vector machine's has.

rng = np.random.default_rng(4)
X = np.vstack([rng.normal([-1.5, 0], 0.6, (30, 2)), rng.normal([1.5, 1], 0.6, (30, 2))])
y = np.repeat([0, 1], 30)
widest = fastlogreg.separation_curve(X, y).direction
angles = []
for C in 10.0 ** np.arange(-1, 8):
    model = LogisticRegression(C=C, max_iter=1000).fit(X, y)
    w = model.coef_[0]
    angles.append(np.degrees(np.arccos(np.clip(w @ widest / np.linalg.norm(w), -1, 1))))
    print(f"C = {C:7g}: ||w|| = {np.linalg.norm(w):6.2f}, {angles[-1]:6.3f} degrees off the limit")

display = DecisionBoundaryDisplay.from_estimator(model, X, y)
display.ax_.set_title("hardly any penalty: nearly the widest margin")
plt.show()

assert model.converged_
assert angles[-1] < 2 < angles[0]
assert (np.diff(angles[4:]) < 0).all()
