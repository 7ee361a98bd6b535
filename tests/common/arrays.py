"""Arrays for tests of kernels: values, what an X means, and what rows may have."""

import itertools

import numpy as np
import scipy.sparse as sp

OPTIONS = [
    dict(zip(("intercept", "weight", "offset", "soft"), flags, strict=True))
    for flags in itertools.product([False, True], repeat=4)
]
ALL = OPTIONS[-1]


def values(n, p, seed=0):
    """Random numbers that float32 can hold, with scores of about 1 in size."""
    rng = np.random.default_rng([seed, n, p])
    return rng.normal(size=(n, p), scale=p**-0.5).astype(np.float32).astype(np.float64)


def dense(X):
    """X as a plain array of float64."""
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
