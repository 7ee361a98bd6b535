"""Many classes with a ridge or none: quasi-Newton steps around a Kronecker-factored Hessian.

A Newton matrix of K q unknowns costs K^2/2 Gram matrices; a pass over the data costs two products.
So L-BFGS with a preconditioner that one Gram matrix gives (`softmax.Preconditioner`) does the work,
and few parameters go to the compiled Newton method instead.

Certificate: with a ridge, the dual point at the present probabilities is worth ||gradient||^2
over twice the ridge, once a step of the intercepts has taken their gradient to zero; where the
ridge is so weak that this says little, conjugate gradients solve a Newton system closely enough.
Without a ridge a proof needs the Hessian
(reference_softmax.softmax_duality_gap).

References: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization" (1989);
Nocedal & Wright, "Numerical Optimization" (2006), chapter 7.
"""

import numpy as np

from fastlogreg._kernels.core import Softmax, dot
from fastlogreg.result import CALLBACK, CONVERGED, DIVERGED, MAX_ITER, SEPARATED, STALLED
from fastlogreg.softmax import Preconditioner
from fastlogreg.solvers import softmax_span
from fastlogreg.solvers.quasi_newton import Pairs, search
from fastlogreg.solvers.softmax_hessian import newton_step
from fastlogreg.solvers.state import FLOOR, ROUNDING, Solution, Watch

STEPS = 10  # quasi-Newton steps that count as one iteration
MEMORY = 30
DIRECT = 2e7  # multiply-adds of a Hessian that are not worth avoiding
EXPLICIT = 800  # parameters up to which a Hessian is formed where nothing else gives a proof

SINGULAR = "singular"
_STATUS = {
    "converged": CONVERGED, "max_iter": MAX_ITER, "stalled": STALLED, "separated": SEPARATED,
    "diverged": DIVERGED,
}  # fmt: skip


def softmax(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    size = theta.size
    if objective.n * float(size) ** 2 <= DIRECT and size <= EXPLICIT:
        solution = in_one_call(objective, theta, tol, max_iter, watch)
        if solution.status != SINGULAR:
            return solution
        theta, max_iter = solution.theta, max_iter - solution.n_iter  # a careful end of the way
        watch, done = watch.after(solution.n_iter), solution.n_iter
    else:
        done = 0
    if max_iter and softmax_span.serves(objective):
        theta, n_iter = softmax_span.solve_in_span(
            objective, theta, softmax, 0.1 * tol, max_iter, Watch(None, False)
        )
        if watch.callback is not None:
            f, g = objective.value_gradient(theta)
            if watch(n_iter, theta, f, np.inf):
                return Solution(theta, f, np.inf, float(np.abs(g).max()), CALLBACK, done + n_iter)
        max_iter, watch, done = max_iter - n_iter, watch.after(n_iter), done + n_iter
    solution = quasi_newton(objective, theta, tol, max_iter, watch)
    return solution._replace(n_iter=done + solution.n_iter)


def in_one_call(objective, theta, tol, max_iter, watch):
    """The compiled Newton method; the status is SINGULAR where rounding leaves no Hessian."""

    def run(limit):
        end = objective.classes(theta).copy()
        reference = -1 if objective.reference_class is None else objective.reference_class
        outcome = objective.kernel.newton(
            end, objective.column_ridge, objective.total_weight, tol, limit, reference,
            objective.n_threads,
        )  # fmt: skip
        objective.passes += outcome[1] + 1.0
        return (end[objective.free].ravel(), *outcome)

    end, status, n_iter, f, gap, gradient_max = run(max_iter)
    if status == "singular":
        return Solution(end, f, gap, gradient_max, SINGULAR, n_iter)
    if status == "nonfinite":
        raise FloatingPointError("scores overflow")
    if watch.callback is not None:  # shown every iteration, made again up to there
        for k in range(1, n_iter + 1):
            end, _, _, f, gap, gradient_max = run(k)
            if watch(k, end, f, gap):
                return Solution(end, f, gap, gradient_max, CALLBACK, k)
    return Solution(end, f, gap, gradient_max, _STATUS[status], n_iter)


def quasi_newton(objective, theta, tol, max_iter, watch):
    """L-BFGS to the certificate, as the module's text says."""
    precondition = Preconditioner(objective)
    pairs, proba = Pairs(theta.size, MEMORY), objective.probabilities()
    f, g = objective.value_gradient(theta)
    first, refreshed, step, tried = f, False, 1.0, np.inf
    for n_step in range(STEPS * max_iter + 1):
        n_iter = -(-n_step // STEPS)
        here = Solution(theta, f, np.inf, float(np.abs(g).max(initial=0.0)), CONVERGED, n_iter)
        if not np.isfinite(f) or not np.isfinite(here.gradient_max):
            return here._replace(status=STALLED)
        estimate = 0.5 * dot(g, precondition(g.copy()))
        proved = _ridge_gap(objective, g)
        if min(proved, 10.0 * estimate) <= 0.5 * tol * f and proved <= 0.3 * tried:
            tried = proved
            gap = certify(objective, theta, proba, precondition, proved > 0.5 * tol * f, tol)
            if gap <= tol * f:
                return here._replace(gap=gap)
        if watch(n_iter, theta, f, np.inf):
            return here._replace(status=CALLBACK)
        if separated(objective, theta, objective.ridge > 0.0, f):
            return here._replace(status=SEPARATED)
        if step == 0.0 or estimate <= 0.1 * ROUNDING * f:
            return finish(objective, here, proba, precondition, tol, watch)
        if n_step == STEPS * max_iter:
            gap = certify(objective, theta, proba, precondition, False, tol)
            return here._replace(gap=gap, status=CONVERGED if gap <= tol * f else MAX_ITER)
        if not refreshed and n_step > 2 and estimate <= 0.003 * (first - f):
            f, g = objective.value_gradient(theta, proba=proba)
            precondition.at(proba)
            refreshed = True
        d = pairs.direction(g, precondition)
        step, new, f_new, g_new = search(objective, theta, f, g, d)
        if step:
            pairs.add(new - theta, g_new - g)
            theta, f, g = new, f_new, g_new
    raise AssertionError("unreachable")


def _ridge_gap(objective, g):
    """||gradient||^2 / (2 ridge) over the coefficients, inf if some have none."""
    if not objective.coercive:
        return np.inf
    ridged = objective.ridge > 0.0
    return 0.5 * float((g[ridged] ** 2 / objective.ridge[ridged]).sum())


def certify(objective, theta, proba, precondition, solve, tol):
    """The gap proved at theta; `solve`: by a Newton step, not of the intercepts alone."""
    explicit = not objective.coercive
    if explicit and not (solve and theta.size <= EXPLICIT):
        return np.inf
    f, g = objective.value_gradient(theta, proba=proba)
    d, left = np.zeros(theta.size), g
    if explicit:
        d, left = newton_step(objective, g, proba)
    elif solve:
        d, left = conjugate_gradients(objective, g, proba, precondition, 0.3 * tol * f)
    for _ in range(2 * objective.fit_intercept):  # once more where the first was not exact
        move = intercept_step(objective, proba, left)
        d = d + move
        left = left + objective.curved_product(proba, move)
        if np.all(np.abs(left) <= objective.rounding(f), where=objective.ridge == 0.0):
            break
    return objective.dual_gap(proba, d, left, f)[0] + FLOOR * f


def intercept_step(objective, proba, left):
    """The step of the intercepts alone that takes their part of `left` to zero."""
    move = np.zeros((len(objective.free), objective.q))
    against = left.reshape(move.shape)[:, -1]
    move[:, -1] = -np.linalg.pinv(objective.coupling(proba), hermitian=True) @ against
    return move.ravel()


def separated(objective, theta, held, f):
    """Whether parameters that nothing holds put every row strictly on its right side by themselves.

    Then there is no optimum: more of them is better. `held` marks those with a penalty or a bound.
    """
    o = objective
    smallest = 1.0 if o.weight is None else float(o.weight[o.weight > 0].min())
    if o.y.ndim == 2 or not f * o.total_weight < 0.69 * smallest:
        return False
    score = np.empty((o.n, o.K))
    bare = Softmax(o.matrix, o.K, None, None, None, o.fit_intercept)
    bare.predict(o.classes(np.where(held, 0.0, theta)), score, False, o.n_threads)
    rows = np.arange(o.n)
    own = score[rows, o.y].copy()
    score[rows, o.y] = -np.inf
    margin = own - score.max(axis=1)
    return bool((margin if o.weight is None else margin[o.weight > 0]).min() > 1e-8)


def conjugate_gradients(objective, g, proba, precondition, enough):
    """(d, g + H d) with ||left||^2 / (2 ridge) within `enough`, or as close as 500 steps come."""
    ridged = objective.ridge > 0.0
    d, left = np.zeros_like(g), g.copy()
    scaled = precondition(left.copy())
    direction, size = -scaled, dot(left, scaled)
    for _ in range(500):
        if 0.5 * float((left[ridged] ** 2 / objective.ridge[ridged]).sum()) <= enough:
            break
        product = objective.curved_product(proba, direction)
        curvature = dot(direction, product)
        if not curvature > 0.0:
            break
        step = size / curvature
        d += step * direction
        left += step * product
        scaled = precondition(left.copy())
        before, size = size, dot(left, scaled)
        if not size > 0.0:
            break
        direction *= size / before
        direction -= scaled
    return d, left


def finish(objective, here, proba, precondition, tol, watch):
    """No step lowers f any more: prove what can be proved."""
    gap = certify(objective, here.theta, proba, precondition, True, tol)
    if gap <= tol * here.objective:
        return here._replace(gap=gap)
    if here.theta.size <= EXPLICIT:
        solution = in_one_call(objective, here.theta, tol, 20, watch.after(here.n_iter))
        if solution.status != SINGULAR:
            return solution._replace(n_iter=solution.n_iter + here.n_iter)
    return here._replace(gap=gap, status=STALLED)
