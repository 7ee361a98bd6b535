"""``fastlogreg bench``: a short measurement here against NumPy and scikit-learn.

The benchmarks behind the claims are in the folder ``bench`` of the repository; this one needs
nothing but what is installed and tells in under a minute what this machine gives.
"""

import statistics
import time
import warnings

import numpy as np

from fastlogreg import core, reference
from fastlogreg.cli.report import duration

_SEED = 20
_COLUMNS = ("fastlogreg", "NumPy reference", "scikit-learn default", "newton-cholesky")


def median_time(call, *, budget=0.5, least=3, most=200):
    """Median time of a call in seconds, over the calls that fit in `budget` seconds."""
    times = []
    while len(times) < least or (sum(times) < budget and len(times) < most):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def run_bench(*, quick=False):
    """Measure kernels and fits and print one table of times and ratios."""
    shrink, budget = (20, 0.05) if quick else (1, 0.5)
    # with its imports, before a word is said: Python loses a Ctrl-C that comes during one
    cases = [*_kernels(200_000 // shrink), *_fits(shrink)]
    print("median times; in brackets how often fastlogreg is faster\n")
    print(f"{'':34}{_COLUMNS[0]:>12}" + "".join(f"{name:>24}" for name in _COLUMNS[1:]))
    for name, calls in cases:
        times = [median_time(call, budget=budget) if call else None for call in calls]
        print(f"{name:34}{duration(times[0]):>12}" + "".join(_cell(t, times[0]) for t in times[1:]))


def _cell(seconds, ours):
    if seconds is None:
        return f"{'-':>24}"
    return f"{duration(seconds):>14} {f'({seconds / ours:.1f} x)':>9}"


def problem(n, p, seed=_SEED):
    """Make correlated columns of scales from 0.01 to 100, and labels of a logistic model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + rng.standard_normal((n, 1))
    z = X @ rng.standard_normal(p) / np.sqrt(p)
    y = (rng.random(n) < reference.sigmoid(z)).astype(float)
    return X * 10.0 ** rng.uniform(-2, 2, p), y


def _kernels(n):
    X, y = problem(n, 30)
    coef = np.random.default_rng(_SEED).standard_normal(30) / (30 * X.std(axis=0))
    z = X @ coef
    arguments = {
        "sigmoid": (z,),
        "log_loss": (y, z),
        "loss_gradient": (X, y, coef, 0.1),
        "loss_gradient_hessian": (X, y, coef, 0.1),
        "predict_proba": (X, coef, 0.1),
    }
    for name, args in arguments.items():
        calls = [_bound(getattr(home, name), args) for home in (core, reference)]
        size = f"{n:,} x 30" if args[0] is X else f"{n:,}"
        yield f"{name}, {size}", [*calls, None, None]


def _bound(function, args):
    return lambda: function(*args)


def _fits(shrink):
    from sklearn.linear_model import LogisticRegression

    def quietly(estimator, X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the default solver may stop short; that is its time
            estimator.fit(X, y)

    for n, p in [(150, 4), (1_000, 20), (10_000 // shrink, 50), (200_000 // shrink, 30)]:
        X, y = problem(n, p)
        yield (
            f"fit, {n:,} x {p}",
            [
                lambda X=X, y=y, n=n: core.fit(X, y, alpha=1 / n),
                lambda X=X, y=y, n=n: reference.newton(X, y, alpha=1 / n),
                lambda X=X, y=y: quietly(LogisticRegression(), X, y),
                lambda X=X, y=y: quietly(
                    LogisticRegression(solver="newton-cholesky", tol=1e-6), X, y
                ),
            ],
        )
