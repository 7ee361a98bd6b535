"""Multi-level quasi-Newton for tall data: most of the work is done on a sample of the rows.

1. Newton on a small sample, in one compiled call.
2. On a larger sample: its Hessian once, then preconditioned L-BFGS until the sample's own
   statistical error is reached; going further there is wasted.
3. On all rows: L-BFGS whose initial matrix is the sample's Hessian.  m random rows know the
   Hessian to about sqrt(p/m), so a pass contracts the error by p/m or so.

Certificate: the same matrix P = sum_S k_i x_i x_i' + ridge, k_i = (sample weight) * curvature when
P was built.  With d = -P^{-1} g, moving the dual variables of the sampled rows by k_i x_i'd makes
the dual constraints hold exactly for *all* rows, so that dual point's gap bounds f - min f.  The
proof is that of reference.duality_gap with rho_i = k_i x_i'd / (the row's own weight and present
curvature) in place of x_i'd.  It is (n/m) times the estimate g'P^{-1}g / 2, and costs products over
the sample only.  What an inexact P^{-1} leaves of the constraints, a ridge takes up: its own dual
variables ridge * e need not have e = d.

Related: Erdogdu & Montanari, "Convergence rates of sub-sampled Newton methods" (2015); Byrd, Chin,
Neveitt & Nocedal, "On the use of stochastic Hessian information" (2011).
"""

from functools import cached_property

import numpy as np

from fastlogreg._kernels.core import Problem, dot
from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER
from fastlogreg.solvers.linear import Inverse
from fastlogreg.solvers.newton import newton
from fastlogreg.solvers.quasi_newton import Pairs, search
from fastlogreg.solvers.state import FLOOR, Solution

SINGLE = 128  # parameters above which a sample's Hessian is worth single precision
SEED = 20260101  # of the sample: the same rows in every run


def sample_size(n, q):
    """Rows of the larger sample: enough that its Hessian is within a few percent."""
    return int(min(max(n // 50, 24 * q, min(200 * q, 20_000)), n // 4))


def draw(objective, size):
    """About `size` rows and their factors: jittered systematic, all of a rare class.

    Systematic over the whole range, so that sorted rows do no harm; jittered, so that periodic ones
    do not either.
    """
    n, y = objective.n, objective.y
    rng = np.random.default_rng(SEED)
    rows = ((np.arange(size) + rng.random(size)) * (n / size)).astype(np.int64)
    np.minimum(rows, n - 1, out=rows)
    factor = np.full(size, n / size)
    if y.dtype.char != "d":
        ones = int(np.count_nonzero(y))
        rare, n_rare = (1, ones) if 2 * ones <= n else (0, n - ones)
        if n_rare < 0.2 * n and n_rare <= size:
            common = rows[y[rows] != rare]
            rare_rows = np.flatnonzero(y == rare)
            factor = np.concatenate(
                [np.full(len(common), (n - n_rare) / len(common)), np.ones(n_rare)]
            )
            rows = np.concatenate([common, rare_rows])
            order = np.argsort(rows, kind="stable")
            rows, factor = rows[order], factor[order]
    if objective.weight is not None:
        counts = objective.weight[rows] > 0
        rows, factor = rows[counts], factor[counts]
    return rows, factor


class SampledHessian:
    """The Hessian of the sampled rows at a point: preconditioner and certificate for all rows."""

    def __init__(self, objective, sample, factor, theta, curvature):
        self.objective, self.sample = objective, sample
        # each row with its own weight, not the one it was drawn with
        self.own = Problem(
            sample.matrix, sample.y, sample.weight / factor, sample.offset, sample.fit_intercept,
            sample.rows,
        )  # fmt: skip
        self.moves = curvature / sample.total_weight
        matrix = sample.gram(curvature, single=sample.q > SINGLE)
        self.certifier = self.inverse = Inverse(matrix)
        rare = self._rare_columns()
        if rare.size:
            # hardly in the sample: their curvature is taken from all rows instead
            full = np.empty(objective.n)
            objective.value_gradient(theta, curvature=full)
            exact = objective.collect(full, squared=True) + objective.ridge
            matrix[rare, rare] = np.maximum(matrix[rare, rare], exact[rare])
            self.inverse = Inverse(matrix)

    def _rare_columns(self):
        X = self.sample.X
        if self.sample.sparse:
            seen = np.bincount(X.indices, minlength=X.shape[1])
        elif self.sample.n == len(X):
            seen = np.count_nonzero(X, axis=0)
        else:
            return np.empty(0, dtype=int)
        return np.flatnonzero(seen < 12)

    def estimate(self, g):
        """What f is likely to lie above its minimum, and the preconditioned gradient."""
        v = self.inverse(g)
        return 0.5 * dot(g, v), v

    def gap(self, theta, g):
        """Certified bound on f(theta) - min f; inf where nothing is proved."""
        if self.certifier.rank < len(g):
            return np.inf
        sample, ridge = self.sample, self.objective.ridge
        d = -self.certifier(g)
        enough, small = -0.005 * dot(g, d), 1e-13 * np.abs(g).max()
        only_intercept_free = self.objective.fit_intercept and (ridge[:-1] > 0.0).all()
        for _ in range(8):  # refinement: the dual constraints have to hold to rounding
            left = g + sample.gather(self.moves * sample.along(d)) + ridge * d
            if np.abs(left).max() <= small:
                e = d
                break
            if only_intercept_free:
                shift = left[-1] / self.level[-1]
                d[-1] -= shift
                left -= shift * self.level
            if np.abs(left[ridge == 0.0]).max(initial=0.0) <= small:
                absorbed = np.divide(left, ridge, out=np.zeros_like(d), where=ridge > 0.0)
                e = d - absorbed
                if 0.5 * dot(ridge, e * e - d * d) <= enough:
                    break
            d -= self.certifier(left)
        else:
            return np.inf
        total = self.objective.total_weight
        cost, reach, _ = self.own.dual_gap(theta, d, self.moves * total, sample.n_threads)
        return cost / total + 0.5 * dot(ridge, e * e) if reach < 1.0 else np.inf

    @cached_property
    def level(self):
        """What a step of 1 in all scores does to the dual constraints."""
        return self.sample.gather(self.moves)


def _solve_sample(objective, sample, factor, theta):
    """A point within the sample's statistical error, and the sample's Hessian there."""
    if sample.q <= 64:
        theta, curvature = _newton_in_one_call(sample, theta), np.empty(sample.n)
        sample.value_gradient(theta, curvature=curvature)
    else:
        step = max(1, min(8, sample.n // (4 * sample.q)))
        part = sample.sample(np.arange(0, sample.n, step), 1.0) if step > 1 else sample
        theta, _, inverse = _approach(part, theta, None)
        theta, curvature, _ = _approach(sample, theta, inverse)
        sample.passes += part.passes * part.n / sample.n
    return theta, SampledHessian(objective, sample, factor, theta, curvature)


def _approach(objective, theta, inverse):
    """Quasi-Newton to the statistical error of these rows.

    Returns theta, the rows' weighted curvatures there, and the inverse Hessian used.  The Hessian
    is kept while it contracts the error, and made anew where it does not.
    """
    curvature = np.empty(objective.n)
    f, g = objective.value_gradient(theta, curvature=curvature)
    pairs, before = Pairs(objective.q), np.inf
    for _ in range(20):
        estimate = 0.5 * dot(g, inverse(g)) if inverse else np.inf
        if inverse is None or estimate > 0.3 * before:
            inverse = Inverse(objective.gram(curvature, single=objective.q > SINGLE))
            pairs = Pairs(objective.q)
            estimate = 0.5 * dot(g, inverse(g))
        if estimate <= 0.1 * objective.q / objective.n:
            break
        before = estimate
        d = pairs.direction(g, inverse)
        size, new, f, g_new = search(objective, theta, f, g, d, curvature=curvature)
        if size == 0.0:
            objective.value_gradient(theta, curvature=curvature)
            break
        pairs.add(new - theta, g_new - g)
        theta, g = new, g_new
    return theta, curvature, inverse


def _newton_in_one_call(objective, theta):
    """Newton on a sample to its statistical error; the start again if that fails."""
    moved = theta.copy()
    status, *_ = objective.problem.newton(
        moved, objective.alpha, objective.total_weight, 0.3 * objective.q / objective.n, 15,
        sample_first=True, rough=True, n_threads=objective.n_threads,
    )  # fmt: skip
    return moved if status in ("converged", "max_iter", "stalled") else theta


def multilevel(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    size = sample_size(objective.n, objective.q)
    if objective.matrix.layout != "C":  # then the sample is a copy: bounded memory comes first
        size = min(size, objective.n // 28 + 3 * objective.q)
    rows, factor = draw(objective, size)
    sample = objective.sample(rows, factor)
    start = theta
    theta, sampled = _solve_sample(objective, sample, factor, start)
    objective.passes += sample.passes * sample.n / objective.n
    if not objective.coercive and sampled.inverse.rank < objective.q:
        ran_off = np.abs(sample.scores(theta)).max() > 30.0  # the sample is separated
        return newton(objective, start if ran_off else theta, tol, max_iter, watch)
    f, g = objective.value_gradient(theta)
    pairs, before, slow = Pairs(objective.q), np.inf, 0
    spread = float(factor.max())
    for n_iter in range(max_iter + 1):
        estimate, _ = sampled.estimate(g)
        gap = np.inf
        if estimate * min(spread, 10.0) <= tol * f:
            gap = sampled.gap(theta, g) + FLOOR * f
        here = Solution(theta, f, gap, float(np.abs(g).max()), CONVERGED, n_iter)
        stop = watch(n_iter, theta, f, gap)
        if gap <= tol * f:
            return here
        if stop:
            return here._replace(status=CALLBACK)
        if n_iter == max_iter:
            return here._replace(status=MAX_ITER)
        slow += estimate > 0.3 * before
        if slow > 6 or not np.isfinite(f):
            break
        before = estimate
        d = pairs.direction(g, sampled.inverse)
        step, new, f, g_new = search(objective, theta, f, g, d)
        if step == 0.0:
            break
        pairs.add(new - theta, g_new - g)
        theta, g = new, g_new
    # the sample knows too little of these data, or doubles end here: the exact Hessian decides
    solution = newton(objective, theta, tol, max_iter - n_iter, watch.after(n_iter))
    return solution._replace(n_iter=solution.n_iter + n_iter)
