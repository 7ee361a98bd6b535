"""
Three ways to one optimum
=========================

The gradient of the mean cross-entropy written out; then plain gradient descent, Newton's method,
and this library, all to the same coefficients.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer

import fastlogreg
from fastlogreg import reference
from fastlogreg.displays import ConvergenceDisplay

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)  # gradient descent would not get anywhere without
n = len(y)
alpha = 0.01

# %%
# The gradient
# ------------
# The loss of a row is ``log(1 + exp(z)) - y z``, whose derivative in the score ``z = w·x + b`` is
# ``sigmoid(z) - y``: how far the probability is off. So the gradient in w is the mean of that times
# x, plus the penalty's ``alpha w``; in b it is the mean of it alone.

coef, intercept = np.linspace(-0.1, 0.1, X.shape[1]), 0.2
residual = reference.sigmoid(X @ coef + intercept) - y
by_hand = np.append(X.T @ residual / n + alpha * coef, residual.mean())

loss, gradient = fastlogreg.loss_gradient(X, y, coef, intercept, alpha=alpha)
print("largest difference to the kernel's gradient:", np.abs(gradient - by_hand).max())
assert np.allclose(gradient, by_hand, rtol=1e-12, atol=1e-15)

# %%
# Gradient descent takes a step against it, again and again. Newton's method divides by the
# curvature ``X' diag(p (1 - p)) X / n + alpha`` first, and doubles the number of right digits with
# each step.

slow_coef, slow_intercept, slow = reference.gradient_descent(
    X, y, alpha=alpha, max_iter=4000, tol=1e-8
)
newton_coef, newton_intercept, quick = reference.newton(X, y, alpha=alpha)
record = []
result = fastlogreg.fit(X, y, alpha=alpha, callback=record.append)
best = fastlogreg.fit(X, y, alpha=alpha, tol=1e-14)

print(f"gradient descent: {len(slow)} steps; Newton: {len(quick)}; here: {result.n_iter}")
print("certificate:", result.certificate)

display = ConvergenceDisplay.from_records(
    {"gradient descent": slow, "Newton": quick, "fastlogreg": record}, minimum=best.objective
)
display.ax_.set_title("How far above the minimum, after so many reads of the data")
plt.show()

assert np.allclose(slow_coef, best.coef, atol=1e-6)
assert np.allclose(newton_coef, best.coef, atol=1e-6)
assert np.allclose(result.coef, best.coef, atol=1e-3)
assert (np.diff(slow) <= 1e-15).all()  # this step never lets the loss rise
assert len(quick) < 15 < 1000 < len(slow)
assert result.certificate.relative_gap <= 1e-9
