"""Plain gradient descent, Newton and this library: one optimum, three ways to it.

The gradient of the mean cross-entropy is X'(sigmoid(z) - y) / n: written out below.
Run: python examples/gradient_descent.py
"""

import numpy as np

import fastlogreg
from fastlogreg import reference

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 3))
y = (rng.random(500) < reference.sigmoid(X @ [1.0, -2.0, 0.5] + 0.3)).astype(float)
alpha = 1 / len(y)

coef, intercept = np.array([0.1, 0.0, -0.1]), 0.2
z = X @ coef + intercept
by_hand = np.append(X.T @ (reference.sigmoid(z) - y) / len(y) + alpha * coef,
                    np.mean(reference.sigmoid(z) - y))  # fmt: skip
_, gradient = fastlogreg.loss_gradient(X, y, coef, intercept, alpha=alpha)
assert np.allclose(gradient, by_hand, rtol=1e-12)

slow, _, losses = reference.gradient_descent(X, y, alpha=alpha, max_iter=5000, tol=1e-10)
quick, _, steps = reference.newton(X, y, alpha=alpha)
result = fastlogreg.fit(X, y, alpha=alpha, tol=1e-13)
print(f"gradient descent: {len(losses)} passes, Newton: {len(steps)}, here: {result.n_iter}")
print("coefficients:", result.coef.round(4))

assert np.allclose(slow, result.coef, atol=1e-6)
assert np.allclose(quick, result.coef, atol=1e-7)
assert all(np.diff(losses) <= 1e-15)
