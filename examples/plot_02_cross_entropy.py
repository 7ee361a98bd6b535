"""
Cross-entropy against squared error
===================================

Why is a logistic regression not fitted by least squares? Both losses are least where the
probability is right. They differ in what they do with a confident mistake, and in what the best
model gets right.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import fastlogreg
from fastlogreg.displays import CalibrationDisplay
from fastlogreg.reference import sigmoid

# %%
# The gradient at a confident mistake
# -----------------------------------
# A row of class 1 has the cross-entropy ``-log p`` and the squared error ``(1 - p)^2``. By the
# score z their derivatives are ``p - 1`` and ``-2 (1 - p) p (1 - p)``. At a score of -8, as wrong
# as can be, the first pulls with nearly full strength, the second hardly at all: p is flat there.

z = np.linspace(-8.0, 8.0, 401)
p = sigmoid(z)
pulls = {"cross-entropy": 1 - p, "squared error": 2 * (1 - p) * p * (1 - p)}

figure, (losses, gradients) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
losses.plot(z, fastlogreg.binary_cross_entropy(np.ones(401), z), color="#0072B2")
losses.plot(z, (1 - p) ** 2, color="#D55E00", linestyle="--")
losses.set_ylabel("loss of a row of class 1")
gradients.plot(z, pulls["cross-entropy"], color="#0072B2", label="cross-entropy")
gradients.plot(z, pulls["squared error"], color="#D55E00", linestyle="--", label="squared error")
gradients.set_ylabel("pull towards the right side, −dloss/dz")
gradients.legend()
for ax in (losses, gradients):
    ax.set_xlabel("score z (mistake: below 0)")
assert pulls["cross-entropy"][0] > 0.999
assert pulls["squared error"][0] < 0.001

# %%
# The speed of learning
# ---------------------
# Gradient descent from a model that is sure of the wrong answer, with the same step for both. By
# squared error it rests on a plateau for hundreds of steps.

x = np.concatenate([np.linspace(-3, 0.5, 40), np.linspace(-0.5, 3, 40)])
y = np.repeat([0.0, 1.0], 40)


def descend(slope, steps=2000, rate=0.5):
    """The slope m after each step of gradient descent by a loss' derivative in the score."""
    m = [-5.0]
    for _ in range(steps):
        m.append(m[-1] - rate * np.mean(slope(sigmoid(m[-1] * x)) * x))
    return np.array(m)


by_entropy = descend(lambda q: q - y)
by_square = descend(lambda q: 2 * (q - y) * q * (1 - q))
steps = {
    "cross-entropy": int(np.argmax(by_entropy > 0)),
    "squared error": int(np.argmax(by_square > 0)),
}
print("steps until the curve rises:", steps)

_, ax = plt.subplots(layout="constrained")
ax.plot(by_entropy, color="#0072B2", label="cross-entropy")
ax.plot(by_square, color="#D55E00", linestyle="--", label="squared error")
ax.axhline(0.0, color="0.5", linestyle=":")
ax.set_xscale("symlog", linthresh=10)
ax.set_xlim(0, 2000)
ax.set_xlabel("steps of gradient descent")
ax.set_ylabel("slope m (above 0: the right way round)")
ax.legend()
assert 0 < 5 * steps["cross-entropy"] < steps["squared error"]

# %%
# The mean probability
# --------------------
# At the optimum by cross-entropy the gradient ``mean((p - y) x)`` is zero in every column, the
# intercept's included: the mean probability is the share of class 1, whether the model is of the
# right form or not. The optimum by squared error promises no such thing.

rng = np.random.default_rng(1)
X = rng.normal(size=(4000, 1))
labels = (rng.random(4000) < sigmoid(-2.5 + np.exp(X[:, 0]))).astype(float)  # no straight line
best = fastlogreg.fit(X, labels)
p_entropy = fastlogreg.predict_proba(X, best.coef, best.intercept)[:, 1]


def mean_square(theta):
    """Mean squared error of the probabilities, the Brier score."""
    return np.mean((sigmoid(theta[0] * X[:, 0] + theta[1]) - labels) ** 2)


m, c = minimize(mean_square, [best.coef[0], best.intercept], tol=1e-12).x
p_square = sigmoid(m * X[:, 0] + c)
print(f"share of class 1: {labels.mean():.4f}")
print(
    f"mean probability: {p_entropy.mean():.4f} by cross-entropy, {p_square.mean():.4f} by squares"
)

# %%
# In the picture on the left the curves do not say which is better: the true curve is not of the
# models' form, so that both are wrong at most probabilities, squared error even a little less. What
# cross-entropy keeps is the sum, on the right; bin by bin only a better model helps.

predictions = {"cross-entropy": (p_entropy, "#0072B2"), "squared error": (p_square, "#D55E00")}
_, (curves, means) = plt.subplots(1, 2, figsize=(9, 4.5), width_ratios=[3, 2], layout="constrained")
errors = {}
for name, (probability, colour) in predictions.items():
    CalibrationDisplay.from_predictions(
        labels, probability, n_bins=10, name=name, ax=curves, color=colour
    )
    bins = np.minimum((10 * probability).astype(int), 9)
    errors[name] = np.abs(np.bincount(bins, labels - probability)).sum() / len(labels)
    means.bar(name, probability.mean(), 0.6, color=colour)
means.axhline(labels.mean(), color="black", linestyle="--", label="share of class 1")
means.set_ylim(0.0, 0.4)
means.set_ylabel("mean probability of class 1")
means.legend()
print("mean error of the bins:", {name: round(float(e), 4) for name, e in errors.items()})
plt.show()

assert abs(p_entropy.mean() - labels.mean()) < 1e-8
assert abs(p_square.mean() - labels.mean()) > 0.02
assert errors["squared error"] < errors["cross-entropy"]
