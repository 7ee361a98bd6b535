"""``fastlogreg demo``: one real fit, how exact it is, and how fast beside others."""

import time
import warnings

import numpy as np

from fastlogreg import core, reference
from fastlogreg.cli import report
from fastlogreg.cli.selfbench import median_time

_EXACT = 1e-9  # relative distance from the optimum that counts as equally accurate


def run_demo():
    """Fit the breast cancer set that scikit-learn bundles, columns unscaled, and report."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    X, y = bunch.data, bunch.target
    n, p = X.shape
    alpha = 1.0 / n  # C = 1
    result = core.fit(X, y, alpha=alpha)
    proof = result.certificate
    scales = report.standard_deviations(X)

    report.line("data", f"breast cancer, {n} tumours, {p} measurements, bundled with scikit-learn")
    report.line("", f"columns as they are: their scales differ {scales.max() / scales.min():.0e} x")
    report.line("model", "P(benign), L2 penalty with C = 1, free intercept")
    report.line("fit", f"{result.solver}, {result.n_iter} iterations; {result.stop_reason}")
    scores = core.decision_function(X, result.coef, result.intercept)
    accuracy = np.mean((scores > 0) == y)
    report.line("result", f"accuracy {accuracy:.4f}, mean log loss {core.log_loss(y, scores):.6f}")
    numbers = {
        key: getattr(proof, key) for key in ("objective", "gap", "relative_gap", "gradient_norm")
    }
    report.line("certificate", report.certified(numbers))
    verdict = "holds" if proof.verify(X, y) else "DOES NOT HOLD"
    report.line("", f"recomputed from the data in plain NumPy: the bound {verdict}")

    print("\ntime to fit, and how far above the optimum, relatively, the objective then is:\n")
    _print_comparison(X, y, alpha, result)
    print("\nlargest effects on the score:\n")
    report.print_coefficients(
        list(bunch.feature_names), result.coef, result.intercept, deviations=scales, most=6
    )
    print("\nnext: fastlogreg fit FILE --target NAME, or fastlogreg bench")


def _print_comparison(X, y, alpha, result):
    from sklearn.linear_model import LogisticRegression

    from fastlogreg.estimators.logistic import LogisticRegression as FastLogisticRegression

    best = result.objective - result.certificate.gap

    def excess(coef, intercept):
        objective = reference.loss_gradient(X, y, coef, intercept, alpha=alpha)[0]
        return max(objective - best, 0.0) / result.objective

    def fitted(estimator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the default solver stops short; the table says so
            estimator.fit(X, y)
        return estimator

    def estimator_row(name, estimator):
        model = fitted(estimator)
        seconds = median_time(lambda: fitted(estimator))
        return name, seconds, excess(model.coef_[0], model.intercept_[0])

    coef, intercept, _ = reference.newton(X, y, alpha=alpha)
    solver, tol = _fastest_exact(fitted, excess)
    rows = [
        (
            "fastlogreg.fit",
            median_time(lambda: core.fit(X, y, alpha=alpha)),
            excess(result.coef, result.intercept),
        ),
        estimator_row("fastlogreg.LogisticRegression", FastLogisticRegression()),
        estimator_row("scikit-learn, default", LogisticRegression()),
        estimator_row(
            f"scikit-learn, {solver}", LogisticRegression(solver=solver, tol=tol, max_iter=10_000)
        ),
        (
            "NumPy reference",
            median_time(lambda: reference.newton(X, y, alpha=alpha)),
            excess(coef, intercept),
        ),
    ]
    width = max(len(name) for name, *_ in rows)
    ours = rows[0][1]
    print(f"{'':{width}}  {'time':>9}  {'ratio':>9}   above the optimum")
    for name, seconds, distance in rows:
        ratio = f"{seconds / ours:.1f} x"
        print(f"{name:{width}}  {report.duration(seconds):>9}  {ratio:>9}   {distance:.0e}")


def _fastest_exact(fitted, excess):
    """Find scikit-learn's fastest solver of this problem, with the tolerance, that is as exact.

    The solvers that penalise the intercept or that do not come near in seconds are left out.
    """
    from sklearn.linear_model import LogisticRegression

    times = {}
    for solver in ("newton-cholesky", "newton-cg"):
        for tol in (1e-4, 1e-6, 1e-8):
            began = time.perf_counter()
            model = fitted(LogisticRegression(solver=solver, tol=tol, max_iter=10_000))
            seconds = time.perf_counter() - began
            if excess(model.coef_[0], model.intercept_[0]) <= _EXACT:
                times[solver, tol] = seconds
                break
    return min(times, key=times.get)
