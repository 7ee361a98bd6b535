"""
Sparse text
===========

Was this sentence written for NumPy or for SciPy? The sentences are those of the two libraries'
own documentation, which is installed with them; the columns are words and pairs of words, far
more than there are rows, and nearly all zero.
"""

import inspect
import re

import matplotlib.pyplot as plt
import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.stats
from scipy.sparse import issparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from fastlogreg import LogisticRegression
from fastlogreg.displays import CoefficientDisplay


def sentences(*modules):
    """Sentences of at least six words from the docstrings of the modules' functions."""
    found = set()
    for module in modules:
        for name in dir(module):
            text = inspect.getdoc(getattr(module, name)) or ""
            text = text.split("\nExamples\n")[0]  # words, not code
            parts = re.split(r"(?<=[.:])\s+", " ".join(text.split()))
            found.update(part for part in parts if len(part.split()) >= 6)
    return sorted(found)


numpy_text = sentences(np, np.linalg, np.fft, np.random, np.ma, np.polynomial)
scipy_text = sentences(scipy.stats, scipy.optimize, scipy.signal, scipy.linalg)
texts = numpy_text + scipy_text
y = np.repeat(["numpy", "scipy"], [len(numpy_text), len(scipy_text)])
pattern = r"[a-z]{3,}"
words = TfidfVectorizer(
    ngram_range=(1, 2),
    sublinear_tf=True,
    token_pattern=pattern,
    stop_words=["numpy", "scipy", "np"],
)
X_train, X_test, y_train, y_test = train_test_split(texts, y, random_state=0, stratify=y)
X_train, X_test = words.fit_transform(X_train), words.transform(X_test)
n, p = X_train.shape
print(f"{n} rows, {p} columns, {X_train.nnz / (n * p):.3%} of them other than zero")
assert p > n

# %%
# The matrix goes in as it is, CSR, and is never made dense. With a ridge penalty every word counts
# a little; the fit ends with the same proof as any other.

ridge = LogisticRegression(C=10.0).fit(X_train, y_train)
print(f"ridge: {ridge.score(X_test, y_test):.1%} right on sentences it has not seen")
print(ridge.certificate_)

# %%
# The lasso names the words that give a library away.

lasso = LogisticRegression(C=2.0, l1_ratio=1.0).fit(X_train, y_train)
kept = np.count_nonzero(lasso.coef_)
print(f"lasso: {lasso.score(X_test, y_test):.1%} right with {kept} of {p} words")
largest = np.argsort(-np.abs(lasso.coef_[0]))[:24]
largest = largest[np.argsort(lasso.coef_[0, largest])]
names = words.get_feature_names_out()[largest]
display = CoefficientDisplay(lasso.coef_[0, largest], names=names).plot()
display.ax_.set_title("left: NumPy's words, right: SciPy's")
plt.show()

base_rate = max(np.mean(y_test == "numpy"), np.mean(y_test == "scipy"))
assert issparse(X_train)
assert ridge.certificate_.relative_gap <= 1e-9
assert lasso.converged_
assert ridge.score(X_test, y_test) > base_rate + 0.1
assert lasso.score(X_test, y_test) > base_rate + 0.1
assert kept < p / 10
