"""Kernels against the NumPy reference, BLAS, scikit-learn, and one read of X."""

import math

import numpy as np
import pytest
from scipy.linalg.blas import dsyrk

import fastlogreg
from fastlogreg import reference

from .measure import Case, Goal, Timed, time_case, timed_cases
from .problems import matrix, problem
from .reads import UNIT, one_read

ELEMENTWISE = ("sigmoid", "softplus", "log_sigmoid", "binary_cross_entropy")


def _equal(ours, theirs, rtol):
    """A check that two calls return the same numbers, to `rtol` of each array's largest."""

    def check():
        for got, want in zip(_arrays(ours()), _arrays(theirs()), strict=True):
            np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * np.abs(want).max())

    return check


def _arrays(answer):
    answer = answer if isinstance(answer, tuple) else (answer,)
    return [np.asarray(part, dtype=np.float64) for part in answer]


def elementwise(scale, name, dtype):
    """One kernel on a million scores, or 1000 in a smoke run."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=5.0, size=1000 if scale == "smoke" else 1_000_000).astype(dtype)
    y = (rng.random(len(z)) < 0.5).astype(dtype)
    arguments = (y, z) if name == "binary_cross_entropy" else (z,)
    ours, theirs = getattr(fastlogreg, name), getattr(reference, name)
    rtol = 1e-14 if dtype == np.float64 else 1e-6
    return Case(
        f"{name} {np.dtype(dtype)}",
        lambda: ours(*arguments),
        {"NumPy reference": Timed(lambda: theirs(*arguments))},
        [Goal("NumPy reference", at_least=0)],
        _equal(lambda: ours(*arguments), lambda: theirs(*arguments), rtol),
    )


def loss_gradient(scale, p, order="C", dtype=np.float64, reads=math.inf, speedup=0):
    """Loss + gradient; reads are of the float64 matrix for float32 storage too."""
    X, y, coef, intercept = matrix(p, order=order, dtype=dtype, scale=scale)
    wide = X if dtype == np.float64 else X.astype(np.float64)

    def ours():
        return fastlogreg.loss_gradient(X, y, coef, intercept)

    def theirs():
        return reference.loss_gradient(X, y, coef, intercept)

    return Case(
        f"loss+gradient p={p} {order} {np.dtype(dtype)}",
        ours,
        {"reads of X": Timed(lambda: one_read(wide)), "NumPy reference": Timed(theirs)},
        [Goal("reads of X", at_most=reads), Goal("NumPy reference", at_least=speedup)],
        _equal(ours, theirs, 1e-11),
        {"reads of X": UNIT},
    )


def loss_gradient_sparse(scale, name):
    """Loss + gradient on a sparse problem, at a point with scores of s.d. about 1."""
    task = problem(name, scale)
    coef = np.random.default_rng(0).standard_normal(task.shape[1])
    coef /= (task.X @ coef).std()

    def ours():
        return fastlogreg.loss_gradient(task.X, task.y, coef, 0.1)

    def theirs():
        """The reference's formulas on SciPy's sparse products (it would make X dense)."""
        z = reference.decision_function(task.X, coef, 0.1)
        residual = (reference.sigmoid(z) - task.y) / len(z)
        return reference.log_loss(task.y, z), np.append(task.X.T @ residual, residual.sum())

    return Case(
        f"loss+gradient {name} CSR",
        ours,
        {"reads of X": Timed(lambda: one_read(task.X)), "NumPy and SciPy": Timed(theirs)},
        [Goal("reads of X", at_most=math.inf), Goal("NumPy and SciPy", at_least=0)],
        _equal(ours, theirs, 1e-11),
        {"reads of X": UNIT},
    )


def loss_gradient_hessian(scale, p, speedup):
    """With the Hessian, against scaled rows and SciPy's syrk on both numbers of BLAS threads."""
    X, y, coef, intercept = matrix(p, scale=scale)

    def ours():
        return fastlogreg.loss_gradient_hessian(X, y, coef, intercept)

    def syrk():
        z = X @ coef + intercept
        probability = reference.sigmoid(z)
        residual = (probability - y) / len(y)
        curvature = probability * (1.0 - probability) / len(y)
        scaled = X * np.sqrt(curvature)[:, None]
        hessian = np.empty((p + 1, p + 1))
        hessian[:p, :p] = dsyrk(1.0, scaled.T)  # the transpose of C order is BLAS's own order
        hessian[:p, p] = curvature @ X
        hessian[p, p] = curvature.sum()
        lower = np.tril_indices(p + 1, -1)
        hessian[lower] = hessian.T[lower]
        gradient = np.append(residual @ X, residual.sum())
        return reference.log_loss(y, z), gradient, hessian

    return Case(
        f"loss+gradient+Hessian p={p}",
        ours,
        {
            "syrk, 1 thread": Timed(syrk, 1),
            "syrk, 2 threads": Timed(syrk, 2),
            "reads of X": Timed(lambda: one_read(X)),
        },
        [
            Goal("syrk, 1 thread", at_least=speedup),
            Goal("syrk, 2 threads", at_least=speedup),
            Goal("reads of X", at_most=math.inf),
        ],
        _equal(ours, syrk, 1e-9),
        {"reads of X": UNIT},
    )


def predict_proba(scale, n_rows=None):
    """Estimator against scikit-learn with the same coefficients; all rows or one."""
    from sklearn.linear_model import LogisticRegression

    task = problem("tall30", scale)
    X = task.X if n_rows is None else task.X[:n_rows]
    sample = slice(0, 2_000)
    ours = fastlogreg.LogisticRegression(C=task.inverse_penalty).fit(task.X[sample], task.y[sample])
    theirs = LogisticRegression(max_iter=1).set_params(C=task.inverse_penalty)
    theirs.classes_, theirs.n_features_in_ = ours.classes_, ours.n_features_in_
    theirs.coef_, theirs.intercept_ = ours.coef_, ours.intercept_
    calls = {"sklearn, 1 thread": Timed(lambda: theirs.predict_proba(X), 1)}
    goals = [Goal("sklearn, 1 thread", at_least=3)]
    if n_rows is None:
        calls["sklearn, 2 threads"] = Timed(lambda: theirs.predict_proba(X), 2)
        calls["reads of X"] = Timed(lambda: one_read(X))
        goals += [Goal("sklearn, 2 threads", at_least=3), Goal("reads of X", at_most=1.6)]
    return Case(
        f"predict_proba {'one row' if n_rows else 'n=1e6 p=30'}",
        lambda: ours.predict_proba(X),
        calls,
        goals,
        _equal(lambda: ours.predict_proba(X), lambda: theirs.predict_proba(X), 1e-12),
        {"reads of X": UNIT},
    )


def _cases():
    double, single = np.float64, np.float32
    for name in ELEMENTWISE:
        for dtype in (double, single):
            yield f"{name} {np.dtype(dtype)}", lambda s, k=name, d=dtype: elementwise(s, k, d)
    for p, reads, speedup in ((30, 1.7, 4), (100, 1.4, 2.5), (500, 1.4, 2)):
        variants = (
            ("C", double, reads, speedup),
            ("C", single, 1.2, 0),
            ("F", double, math.inf, 0),
            ("F", single, math.inf, 0),
        )
        for order, dtype, r, s in variants:
            yield (
                f"loss+gradient p={p} {order} {np.dtype(dtype)}",
                lambda scale, a=(p, order, dtype, r, s): loss_gradient(scale, *a),
            )
    for name in ("onehot", "text"):
        yield f"loss+gradient {name} CSR", lambda s, k=name: loss_gradient_sparse(s, k)
    for p, speedup in ((30, 0), (100, 1.8), (500, 1.8)):
        yield (
            f"loss+gradient+Hessian p={p}",
            lambda s, a=(p, speedup): loss_gradient_hessian(s, *a),
        )
    yield "predict_proba n=1e6 p=30", predict_proba
    yield "predict_proba one row", lambda scale: predict_proba(scale, n_rows=1)


BUILDERS = dict(_cases())


CASES = timed_cases(BUILDERS, 4.0)


@pytest.mark.parametrize("name", BUILDERS)
def bench_kernel(benchmark, scale, name):
    time_case(benchmark, BUILDERS[name](scale), name, scale)
