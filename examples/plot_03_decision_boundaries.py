"""
Decision boundaries: two classes, and three in two ways
=======================================================

With two columns a model can be looked at from above. Two kinds of iris are divided by a line;
three are divided by one-vs-rest and by softmax, which do not agree everywhere.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from fastlogreg import LogisticRegression, sigmoid
from fastlogreg.displays import DecisionBoundaryDisplay

iris = load_iris(as_frame=True)
species = iris.target_names[iris.target]

# %%
# Two classes
# -----------
# The score ``w·x + b`` is zero on the line; w stands at a right angle to it and shows where the
# score grows. At a distance of ``1 / ||w||`` from the line the score is 1, the probability 0.73.

X, y = iris.data.iloc[50:, 2:], species[50:]
model = LogisticRegression().fit(X, y)
display = DecisionBoundaryDisplay.from_estimator(model, X, y)
display.ax_.set_title(f"{model.score(X, y):.0%} right with two columns")

(line,) = display.lines_
ends = np.column_stack(line.get_data())
w, b = model.coef_[0], model.intercept_[0]
unit = w / np.linalg.norm(w)
assert np.allclose(ends @ w + b, 0.0)
assert np.isclose((ends[1] - ends[0]) @ w, 0.0)  # a right angle
step = ends.mean(axis=0) + unit / np.linalg.norm(w)
assert np.isclose(step @ w + b, 1.0)

# %%
# Three classes
# -------------
# One-vs-rest fits a model for each class against all others and asks which of them is surest. The
# softmax fits all classes at once: ``p_k = exp(z_k) / sum_j exp(z_j)``.

X, y = iris.data.iloc[:, :2], species
models = {
    "one-vs-rest": LogisticRegression(C=100, multi_class="ovr").fit(X, y),
    "softmax": LogisticRegression(C=100).fit(X, y),
}
displays = {}
for name, model in models.items():
    display = displays[name] = DecisionBoundaryDisplay.from_estimator(model, X, y)
    display.ax_.set_title(f"{name}: {model.score(X, y):.0%} right")

# %%
# Where they differ
# -----------------
# Versicolor lies between the others, and no line has it on one side: its model of one-vs-rest goes
# by little but the sepals' width (see its dashed line, nearly level). That turns the borders: it
# loses ground at wide sepals to its neighbours, takes ground of theirs at narrow ones, and more.

ovr, softmax = (displays[name].probabilities.argmax(axis=2) for name in models)
differ = ovr != softmax
lost, won = (softmax == 1) & (ovr != 1), (softmax != 1) & (ovr == 1)
xx0, xx1 = displays["softmax"].xx0, displays["softmax"].xx1
figure, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
for place, colour, label in (
    (lost, "#CC79A7", "versicolor's by softmax only"),
    (won, "#F5C79E", "versicolor's by one-vs-rest only"),
    (differ & ~lost & ~won, "0.8", "between the other two"),
):
    ax.contourf(xx0, xx1, place, levels=[0.5, 1.5], colors=[colour])
    ax.fill([], [], color=colour, label=label)
for k, (name, marker, colour) in enumerate(
    zip(iris.target_names, "os^", ["#0072B2", "#D55E00", "#009E73"], strict=True)
):
    own = iris.target == k
    ax.plot(*X[own].to_numpy().T, marker, color=colour, markeredgecolor="white", label=name)
ax.set_xlabel(X.columns[0])
ax.set_ylabel(X.columns[1])
ax.set_title(f"the two disagree on {differ.mean():.0%} of the plane")
figure.legend(loc="outside lower center", ncols=2)
plt.show()

right = {name: model.score(X, y) for name, model in models.items()}
print(right, "share of the plane where they differ:", differ.mean().round(3))
print(f"versicolor, by one-vs-rest: {lost.mean():.1%} of the plane lost, {won.mean():.1%} won")
totals = sigmoid(models["one-vs-rest"].decision_function(X)).sum(axis=1)
print(
    "one-vs-rest: the three probabilities add up to",
    totals.min().round(2),
    "to",
    totals.max().round(2),
)

assert np.allclose(models["softmax"].predict_proba(X).sum(axis=1), 1.0)
assert np.ptp(totals) > 0.2  # three models that know nothing of each other
assert 0.02 < differ.mean() < 0.5
assert 0 < lost.mean() < won.mean()
assert np.flatnonzero(won.any(axis=1)).max() < np.flatnonzero(lost.any(axis=1)).min()  # by height
assert right["softmax"] >= right["one-vs-rest"]
