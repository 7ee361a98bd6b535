"""Many classes with absolute values, group lasso or bounds: proximal Newton on a working set.

The parameters in work are those off zero, those without an L1 part, and those whose gradient
exceeds it.  Each iteration forms their Hessian (a Gram matrix for each pair of classes), solves the
quadratic model plus the exact penalty by cycles over the coordinates (or columns) with Newton steps
on the face where the penalty is smooth, and goes along the step as far as the objective falls.  Too
many parameters for a Hessian are first cut down by accelerated proximal gradient steps.

Adding one number to a column's coefficients of all classes changes no probability, so of such
models absolute values choose the one whose median is zero; no cycle over coordinates finds that by
itself.

Certificate: the means moved along the untaken last step, reference_softmax.softmax_duality_gap.

References: Lee, Sun & Saunders, "Proximal Newton-type methods for minimizing composite functions"
(2014); Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
coordinate descent" (2010), sec. 4; Simon, Friedman & Hastie, "A blockwise descent algorithm for
group-penalized multiresponse and multinomial regression" (2013); Beck & Teboulle, "A fast iterative
shrinkage-thresholding algorithm for linear inverse problems" (2009).
"""

import numpy as np

from fastlogreg._kernels.core import coordinate_sweep
from fastlogreg.reference import fenchel_young
from fastlogreg.result import CALLBACK, CONVERGED, DIVERGED, MAX_ITER, SEPARATED, STALLED
from fastlogreg.solvers.linear import Inverse
from fastlogreg.solvers.softmax import intercept_step, separated
from fastlogreg.solvers.softmax_hessian import working_hessian
from fastlogreg.solvers.state import FLOOR, ROUNDING, Solution

MOST = 4000  # parameters that a Hessian is formed of
WORK = 1e11  # multiply-adds that a Hessian may cost
GRADIENT_STEPS = 50
MOST_BARE = 200  # parameters without penalty or bounds that are eliminated from a model
_NOTHING = 0.0, 0.0, -np.inf, np.inf


class Lasso:
    """l1 |w| + l2 w^2 / 2 on a box, for each of the flat parameters."""

    def __init__(self, objective):
        classes, q = len(objective.free), objective.q
        self.q = q
        box = np.full((4, classes, q), [[[0.0]], [[0.0]], [[-np.inf]], [[np.inf]]])
        for side, values in zip(box, objective.penalty, strict=True):
            values = np.asarray(values)
            side[:, : objective.p] = values[objective.free] if values.ndim == 2 else values
        self.l1, self.l2, self.lower, self.upper = box.reshape(4, -1)
        self.shifts = np.zeros(q, dtype=bool)  # columns whose coefficients may all be shifted
        if objective.reference_class is None and not objective.penalty.bounded:
            self.shifts[: objective.p] = (box[0] > 0).all(axis=0)[: objective.p]
            self.shifts[: objective.p] &= (box[1] == 0).all(axis=0)[: objective.p]

    def clipped(self, w):
        """The nearest point of the box."""
        return np.clip(w, self.lower, self.upper)

    def value(self, w):
        """The penalty of all parameters."""
        return float(np.sum(self.l1 * np.abs(w)) + 0.5 * np.sum(self.l2 * w * w))

    def violation(self, w, gradient):
        """By how much each parameter at zero or at a bound breaks its optimality."""
        beyond = np.abs(gradient + self.l2 * w) - self.l1
        inward = ((gradient < 0) & (w < self.upper)) | ((gradient > 0) & (w > self.lower))
        return np.where(inward, np.maximum(beyond, 0.0), 0.0)

    def in_work(self, w, gradient):
        """The parameters that may move; all of a column whose median may leave zero."""
        some = (w != 0) | (self.l1 == 0) | (self.violation(w, gradient) > 0)
        columns = some.reshape(-1, self.q)
        columns |= self.shifts & (2 * columns.sum(axis=0) >= len(columns))
        return some

    def centred(self, w):
        """w with its columns shifted to the smallest penalty: a median at zero.

        Of an even number of classes either of the middle two, whichever makes the column shorter.
        """
        columns = w.reshape(-1, self.q)
        ordered = np.sort(columns, axis=0)
        low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        # ||column - shift||^2 falls with the distance of the shift from the mean
        mean = ordered.mean(axis=0)
        nearest = np.where(np.abs(low - mean) <= np.abs(high - mean), low, high)
        columns = columns - np.where(self.shifts, nearest, 0.0)
        # where a shift costs nothing, rounding alone keeps a coefficient off zero
        tiny = np.abs(columns) <= 1e-13 * np.abs(columns).max(axis=0)
        return np.where(tiny & self.shifts, 0.0, columns).ravel()

    def prox(self, w, step):
        """The minimiser of |x - w|^2 / (2 step) + penalty(x)."""
        x = np.sign(w) * np.maximum(np.abs(w) - step * self.l1, 0.0) / (1.0 + step * self.l2)
        return self.clipped(x)

    def solve(self, hessian, some, w, gradient):
        """The minimiser over `some` parameters of the model with this Hessian; w elsewhere.

        Those that nothing holds, intercepts above all, are eliminated: cycles over coordinates
        would need many more rounds where columns are far from zero.
        """
        box = self.l1, self.l2, self.lower, self.upper
        bare = np.all([side[some] == end for side, end in zip(box, _NOTHING, strict=True)], axis=0)
        if not bare.any() or bare.sum() > MOST_BARE:
            return self._cycles(hessian, some, w, gradient[some].copy())
        a, b = np.flatnonzero(~bare), np.flatnonzero(bare)
        inverse = np.linalg.pinv(hessian[np.ix_(b, b)], hermitian=True)
        coupled = inverse @ hessian[np.ix_(b, a)]
        slope = gradient[some]
        rest = hessian[np.ix_(a, a)] - hessian[np.ix_(a, b)] @ coupled
        out = self._cycles(rest, some[a], w, slope[a] - coupled.T @ slope[b])
        out[some[b]] -= inverse @ slope[b] + coupled @ (out[some[a]] - w[some[a]])
        return out

    def _cycles(self, hessian, some, w, slope):
        """As `solve`; `slope`: the gradient of the parameters in work, overwritten."""
        box = [values[some] for values in (self.l1, self.l2, self.lower, self.upper)]
        out = w.copy()
        here = out[some]
        for _ in range(100):
            for _ in range(20):
                largest = coordinate_sweep(hessian, here, slope, *box)
                if largest <= 1e-26:
                    break
            if self.shifts.any():  # columns of which classes are missing have their median at zero
                out[some] = here
                here = self.centred(out)[some]
            done = self._face(hessian, here, slope, box, some % self.q)
            if done and coordinate_sweep(hessian, here, slope, *box) <= 1e-24:
                break
        out[some] = here
        return out

    def _face(self, hessian, w, slope, box, column):
        """To the minimum with these signs, or the first kink, in place; whether it got there."""
        l1, l2, lower, upper = box
        free = np.flatnonzero(((w != 0) | (l1 == 0)) & (lower < w) & (w < upper))
        if not free.size:
            return True
        target = slope[free] + l2[free] * w[free] + l1[free] * np.sign(w[free])
        matrix = hessian[np.ix_(free, free)]
        matrix[np.diag_indices(len(free))] += l2[free]
        count = np.bincount(column[free], minlength=self.q)
        for j in np.flatnonzero(self.shifts & (count * self.q == len(self.l1))):
            at = np.flatnonzero(column[free] == j)  # a shift of these is flat
            matrix[np.ix_(at, at)] += matrix[at, at].mean()
        move = np.zeros(len(w))
        move[free] = -Inverse(matrix)(target)
        wall = np.where(move < 0, lower, upper)
        crosses = (l1 > 0) & (w * (w + move) < 0)
        wall = np.where(crosses & (wall * np.sign(w + move) > 0), 0.0, wall)
        room = np.full(len(w), np.inf)
        moving = move != 0
        room[moving] = (wall[moving] - w[moving]) / move[moving]
        first = int(np.argmin(room))
        size = min(1.0, room[first])
        new = w + size * move
        if size < 1.0:
            new[first] = wall[first]
        slope += hessian @ (new - w)
        w[:] = new
        return size == 1.0

    def held(self, w):
        """Which parameters something keeps from growing beyond all bounds."""
        wall = np.where(w > 0, self.upper < np.inf, self.lower > -np.inf)
        return (self.l1 > 0) | (self.l2 > 0) | wall

    def dual_terms(self, w, v, f, rounding):
        """The certificate's brackets at v, the gradient that the step leaves; inf if unproved."""
        terms, excess = fenchel_young(w, v, self.l1, self.l2, self.lower, self.upper)
        return _with_excess(terms, excess, self.l1, f, rounding)


class Group:
    """l1_j ||w_.j||_2 + l2_j ||w_.j||_2^2 / 2 for each column j over the classes."""

    def __init__(self, objective):
        self.classes, self.q = len(objective.free), objective.q
        self.l1, self.l2 = np.zeros(self.q), np.zeros(self.q)
        self.l1[: objective.p] = objective.penalty.l1
        self.l2[: objective.p] = objective.penalty.l2

    def _columns(self, w):
        return w.reshape(self.classes, self.q)

    def clipped(self, w):
        """There is no box."""
        return w

    def centred(self, w):
        """Lengths need no help to find their best shift."""
        return w

    def value(self, w):
        """The penalty of all parameters."""
        size = np.linalg.norm(self._columns(w), axis=0)
        return float(np.sum(self.l1 * size + 0.5 * self.l2 * size * size))

    def violation(self, w, gradient):
        """By how much each column at zero breaks its optimality, for each of its parameters."""
        size = np.linalg.norm(self._columns(gradient) + self.l2 * self._columns(w), axis=0)
        return np.tile(np.maximum(size - self.l1, 0.0), self.classes)

    def in_work(self, w, gradient):
        """The parameters that may move: whole columns."""
        off = np.tile(self._columns(w).any(axis=0), self.classes)
        free = np.tile(self.l1 == 0, self.classes)
        return off | free | (self.violation(w, gradient) > 0)

    def prox(self, w, step):
        """The minimiser of |x - w|^2 / (2 step) + penalty(x); `step` is alike within a column."""
        columns, step = self._columns(w), self._columns(step)[0]
        size = np.linalg.norm(columns, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            shrink = np.where(size > 0, np.maximum(1.0 - step * self.l1 / size, 0.0), 0.0)
        return (columns * (shrink / (1.0 + step * self.l2))).ravel()

    def solve(self, hessian, some, w, gradient):
        """As `Lasso.solve`, by columns."""
        column = some % self.q
        blocks = [np.flatnonzero(column == j) for j in np.unique(column)]
        l1, l2 = self.l1[column], self.l2[column]
        here, slope = w[some].copy(), gradient[some].copy()
        bound = [float(np.linalg.eigvalsh(hessian[np.ix_(b, b)])[-1]) for b in blocks]
        for _ in range(100):
            largest = 0.0
            for b, curvature in zip(blocks, bound, strict=True):
                if not curvature > 0:
                    continue
                raw = curvature * here[b] - slope[b]
                size = np.linalg.norm(raw)
                shrink = max(size - l1[b[0]], 0.0) / size if size > 0 else 0.0
                change = raw * (shrink / (curvature + l2[b[0]])) - here[b]
                slope += hessian[:, b] @ change
                here[b] += change
                largest = max(largest, curvature * float(change @ change))
            face = self._face(hessian, here, slope, blocks, l1, l2)
            if largest <= 1e-24 or face <= 1e-26:
                break
        out = w.copy()
        out[some] = here
        return out

    @staticmethod
    def _face(hessian, w, slope, blocks, l1, l2):
        """Newton's step on the columns off zero, in place; the decrease that it promised."""
        live = [b for b in blocks if w[b].any() or l1[b[0]] == 0]
        if not live:
            return 0.0
        free = np.concatenate(live)
        where = np.full(len(w), -1)
        where[free] = np.arange(len(free))
        matrix = hessian[np.ix_(free, free)]
        matrix[np.diag_indices(len(free))] += l2[free]
        target = slope[free] + l2[free] * w[free]
        for b in live:
            if l1[b[0]] > 0:
                size = np.linalg.norm(w[b])
                unit, at = w[b] / size, where[b]
                target[at] += l1[b[0]] * unit
                matrix[np.ix_(at, at)] += l1[b[0]] / size * (np.eye(len(b)) - np.outer(unit, unit))
        move = -Inverse(matrix)(target)
        size = 1.0
        for b in live:  # not as far as a column's zero, where the penalty has its kink
            if l1[b[0]] > 0 and np.linalg.norm(move[where[b]]) > 0.9 * np.linalg.norm(w[b]):
                size = min(size, 0.5 * np.linalg.norm(w[b]) / np.linalg.norm(move[where[b]]))
        slope += hessian[:, free] @ (size * move)
        w[free] += size * move
        return -float(target @ move)

    def held(self, w):
        """As `Lasso.held`."""
        return np.tile((self.l1 > 0) | (self.l2 > 0), self.classes)

    def dual_terms(self, w, v, f, rounding):
        """As `Lasso.dual_terms`."""
        w, v = self._columns(w), self._columns(v)
        size, against = np.linalg.norm(w, axis=0), np.linalg.norm(v, axis=0)
        terms, excess = fenchel_young(size, -against, self.l1, self.l2, 0.0, np.inf)
        terms = terms + size * against + (w * v).sum(axis=0)
        return _with_excess(terms, excess, self.l1, f, rounding[: self.q])


def _with_excess(terms, excess, l1, f, rounding):
    """Sum of the brackets; |v| beyond l1 is charged to the box sum l1 |w| <= f."""
    free = (excess > 0) & (l1 == 0)  # the step brings their v to 0, but for rounding
    if np.any(excess[free] > rounding[free]):
        return np.inf
    terms[free] = excess[free] = 0.0
    beyond = np.divide(excess, l1, out=np.zeros(len(l1)), where=excess > 0).max(initial=0.0)
    return float(np.maximum(terms, 0.0).sum()) + f * float(beyond)


def softmax_proximal(objective, theta, tol, max_iter, watch, grouped):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`.

    The objective's own ridge is left to the penalty here: `objective` has to come without.
    """
    penalty = Group(objective) if grouped else Lasso(objective)
    theta = penalty.centred(penalty.clipped(theta))
    proba, least, far, last = objective.probabilities(), -np.inf, False, False
    for n_iter in range(max_iter + 1):
        loss, g = objective.value_gradient(theta, proba=proba)
        f = loss + penalty.value(theta)
        largest = float(penalty.violation(theta, g).max(initial=0.0))
        here = Solution(theta, f, f - least + ROUNDING * f, largest, CONVERGED, n_iter)
        if not np.isfinite(f) or not np.isfinite(g).all():
            return here._replace(status=STALLED)
        stop = watch(n_iter, theta, f, here.gap)
        if here.gap <= tol * f and not far:
            return here
        if stop or last:
            return here._replace(status=CALLBACK if stop else STALLED)
        if separated(objective, theta, penalty.held(theta), loss):
            return here._replace(status=SEPARATED)
        some = np.flatnonzero(penalty.in_work(theta, g))
        if _too_large(objective, some):
            if n_iter == max_iter:
                return here._replace(status=MAX_ITER)
            d = intercept_step(objective, proba, g) if objective.fit_intercept else 0.0 * theta
            gap, far, _ = _gap(objective, penalty, proba, theta, d, g, f)
            here = here._replace(gap=min(gap, here.gap))
            if here.gap <= tol * f and not far:
                return here
            least = max(least, f - here.gap)
            theta, moved = _gradient_steps(objective, penalty, theta)
            if not moved:
                return here._replace(status=STALLED)
            continue
        new = theta
        if len(some):
            new = penalty.solve(working_hessian(objective, proba, some), some, theta, g)
        d = new - theta
        gap, far, left = _gap(objective, penalty, proba, theta, d, g, f)
        here = here._replace(gap=min(gap, here.gap))
        if here.gap <= tol * f and not far:
            return here
        if n_iter == max_iter:
            return here._replace(status=MAX_ITER)
        least = max(least, f - here.gap)
        promised = -(0.5 * float((g + left) @ d) + penalty.value(new) - penalty.value(theta))
        if far and promised <= 1e-9 * f:
            return here._replace(status=DIVERGED)
        step = _line_search(objective, penalty, theta, f, d, promised)
        if step is None:
            return here._replace(status=STALLED)
        theta = penalty.centred(new if step == 1.0 else theta + step * d)
        last = promised <= 1e-16 * f  # no further step means anything
    raise AssertionError("unreachable")


def _gap(objective, penalty, proba, theta, d, g, f):
    """The gap that the step d proves at theta, whether d leads afar, and what it makes of g."""
    left = g + objective.curved_product(proba, d)
    cost, far = objective.dual_gap(proba, d, np.zeros_like(d), f)
    terms = penalty.dual_terms(theta, left, f, objective.rounding(f))
    return cost + terms + FLOOR * f, far, left


def _line_search(objective, penalty, theta, f, d, promised):
    """The largest halving of the step that lowers the objective; None if none does."""
    if not promised > 0.0:
        return None
    size = 1.0
    while size > 1e-8:
        trial = theta + size * d
        loss, _ = objective.value_gradient(trial)
        f_new = loss + penalty.value(trial)
        if f_new <= f - 1e-4 * size * promised:
            return size
        if size * promised <= ROUNDING * f:
            return None
        size *= 0.5
    return None


def _too_large(objective, some):
    return len(some) > MOST or objective.n * float(len(some)) ** 2 > WORK


def _gradient_steps(objective, penalty, theta):
    """Accelerated proximal gradient steps, restarted when they overshoot; (theta, did it move).

    In the metric of the columns' second moments, which a line search scales.
    """
    o = objective
    moments = np.empty(o.q)
    weight = np.ones(o.n) if o.weight is None else o.weight
    o.kernel.problem.collect(weight, moments, True, o.n_threads)
    metric = np.tile(np.maximum(moments / o.total_weight, 1e-300), len(o.free))
    best = o.value_gradient(theta)[0] + penalty.value(theta)
    start, ahead, momentum, scale = best, theta, 1.0, 0.5
    for _ in range(GRADIENT_STEPS):
        loss, g = o.value_gradient(ahead)
        while True:
            step = 1.0 / (scale * metric)
            new = penalty.prox(ahead - step * g, step)
            d = new - ahead
            new_loss, _ = o.value_gradient(new)
            model = loss + float(g @ d) + 0.5 * float(d @ (d / step))
            if new_loss <= model + ROUNDING * abs(loss) or scale > 1e12:
                break
            scale *= 2.0
        f = new_loss + penalty.value(new)
        if f > best:
            if momentum == 1.0:
                break
            ahead, momentum = theta, 1.0
            continue
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum))
        ahead = new + (momentum - 1.0) / following * (new - theta)
        theta, best, momentum = new, f, following
        scale *= 0.9
    return theta, best < start * (1.0 - ROUNDING)
