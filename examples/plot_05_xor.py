"""
XOR: what a straight line cannot tell apart
===========================================

Four points, the classes on the diagonals. The best straight line is no line at all: the optimum
has coefficients of zero and says one half everywhere. With one more column, the product, all four
are right.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

import fastlogreg
from fastlogreg import LogisticRegression
from fastlogreg.displays import DecisionBoundaryDisplay

# %%
# The optimum is zero
# -------------------
# Every column is as often 1 in one class as in the other, so that the gradient at zero is zero, and
# a convex loss has its minimum there. That is a proof, and the certificate says the same.

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0, 1, 1, 0])
result = fastlogreg.fit(X, y)
p = fastlogreg.predict_proba(X, result.coef, result.intercept)[:, 1]
print("coefficients:", result.coef, "probabilities:", p)
print("certificate:", result.certificate)
accuracy = LogisticRegression(C=np.inf).fit(X, y).score(X, y)
print("accuracy:", accuracy)

assert np.allclose(result.coef, 0.0, atol=1e-12)
assert np.allclose(p, 0.5, atol=1e-12)
assert np.isclose(result.objective, np.log(2))
assert result.certificate.relative_gap <= 1e-9
assert accuracy == 0.5

# %%
# What is missing
# ---------------
# ``suggest`` tests all squares and products of columns against the fitted line, without fitting any
# of them, and names the one that four points ask for.

missing = LogisticRegression().fit(X, y).suggest(X, y)
print(missing)
assert [term.name for term in missing] == ["x0*x1"]
assert missing[0].separates

# %%
# With the product
# ----------------
# As it warns, the column ``x0 x1`` separates the classes completely, so that without a penalty no
# finite optimum exists: the fit says so too, and a penalty gives one. All four points are right.

product = np.column_stack([X, X[:, 0] * X[:, 1]])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    free = LogisticRegression(C=np.inf).fit(product, y)
held = LogisticRegression(C=10).fit(product, y)
print("without a penalty:", caught[0].category.__name__)
print("with one:", held.coef_.round(2), held.predict(product))

assert issubclass(caught[0].category, fastlogreg.SeparationWarning)
assert held.converged_
assert np.array_equal(free.predict(product), y)
assert np.array_equal(held.predict(product), y)

# %%
# Noisy XOR
# ---------
# ``suggest`` finds the product again, and nothing beyond it. Three models of 600 points with a
# tenth of the labels wrong: a straight line, polynomial features, and a kernel map, which makes
# columns out of nearness to some of the points.

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (600, 2))
y = (X[:, 0] * X[:, 1] < 0) ^ (rng.random(600) < 0.1)
found = LogisticRegression().fit(X, y).suggest(X, y)
print(found)
models = {
    "straight line": LogisticRegression(),
    "polynomial": make_pipeline(PolynomialFeatures(2, include_bias=False), LogisticRegression()),
    "kernel map": make_pipeline(
        Nystroem(gamma=2.0, n_components=50, random_state=0), LogisticRegression(C=10)
    ),
}
figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
accuracies = {}
for (name, model), ax in zip(models.items(), axes, strict=True):
    accuracies[name] = cross_val_score(model, X, y, cv=5).mean()
    DecisionBoundaryDisplay.from_estimator(model.fit(X, y), X, y, ax=ax)
    ax.set_title(f"{name}: {accuracies[name]:.0%} right, held out")
    ax.get_legend().remove()
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

plt.show()

assert found[0].name == "x0*x1"
assert accuracies["straight line"] < 0.6
assert accuracies["polynomial"] > 0.8
assert accuracies["kernel map"] > 0.8
