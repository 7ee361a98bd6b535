"""Proximal Newton on a working set: absolute values, elastic net and bounds, for any shape of X.

Only the columns that may be off zero are worked on (the compiled `WorkingSet`); the others are
looked at when these are done.  One call of `Proximal.solve`:

1. columns that the gradient says will be off zero join the working set (a strong rule: unsafe, and
   therefore checked in 3);
2. proximal Newton on the working set until a step promises too little to take;
3. that step, not taken, moves the residuals to a dual point; the columns outside whose products
   with it exceed their l1 join, and 2 is done again;
4. the dual point's gap is the certificate (reference.duality_gap has the proof).

A `Proximal` keeps the working set, its Gram matrix and what it knows of the other columns' products
(the compiled `Screen`), so that the next value of a path costs little.

References: Lee, Sun & Saunders (2014), "Proximal Newton-type methods for minimizing composite
functions"; Tibshirani et al. (2012), "Strong rules for discarding predictors in lasso-type
problems"; Massias, Gramfort & Salmon (2018), "Celer: a fast solver for the lasso with dual
extrapolation".
"""

import numpy as np

from fastlogreg import design
from fastlogreg._kernels.core import Columns, Problem, Screen, WorkingSet
from fastlogreg.penalty import any_of
from fastlogreg.result import CALLBACK, CONVERGED, DIVERGED, MAX_ITER, SEPARATED, STALLED
from fastlogreg.solvers.multilevel import draw, sample_size
from fastlogreg.solvers.newton import separated
from fastlogreg.solvers.state import FLOOR, ROUNDING, Solution

SINGLE = 48  # columns from which on the Gram matrix is worth single precision
FEW = 128  # columns that are always all in work
MANY = 2000  # columns beyond which never all are, where they lie
FIRST = 512, 2048  # columns, at most, that a fit from afar begins with: of dense, of sparse X
GRAM = 400, 3000  # columns with a Gram matrix, at most: of any X, of one with many more rows
AHEAD = 400.0  # by how much the last step may promise more where it leads to the solution
WALKS = 8  # steps by walks along columns after which a Gram matrix is made all the same
ROOM = 1000  # columns that there is room for; memory that is not written to costs nothing


def proximal(objective, theta, tol, max_iter, watch):
    """Minimise from theta until the certified gap is at most tol * objective; a `Solution`."""
    solver = Proximal(objective)
    size = sample_size(objective.n, objective.q)
    tall = objective.n >= max(4 * size, 96 * objective.q) and not objective.sparse
    if tall and max_iter > 0:
        theta = solver.approach(theta, size)
    solver.start_at(theta, objective.penalty, insist=max_iter == 0 or solver.drawn is not None)
    solution = solver.solve(objective.penalty, tol, max_iter, watch)
    if solution.status == CONVERGED and solution.n_iter < max_iter:
        solution = solver.take_last_step(objective.penalty, solution, watch)
    return solution


class Proximal:
    """A problem whose penalty may change from one call of `solve` to the next."""

    def __init__(self, objective):
        self.objective = objective
        self.scale = objective.total_weight
        self.columns = np.empty(0, dtype=np.int64)  # in work, in the order of the working set
        self.inside = np.zeros(objective.p, dtype=bool)
        self.screen = self.set = self.drawn = None
        self.copy = None  # the compiled `Columns` in work
        # columns with a Gram matrix; walks along sparse or short ones cost less
        self.most = GRAM[0] if objective.sparse else min(max(GRAM[0], 2 * objective.n), GRAM[1])
        self.unproved = 1.0  # share of what a step promises that is left of the gap where it leads
        self.renewed = False  # whether the Gram matrix was made anew as nothing else helped
        self.by_column = False  # whether the columns in work are too many for a Gram matrix

    def approach(self, theta, size):
        """The solution on a sample of the rows, to the error of sampling; its rows are kept.

        They also make the first Gram matrices.
        """
        o = self.objective
        rows, factor = draw(o, size)
        sample = o.sample(rows, factor, copied=True)
        part = Proximal(sample)
        part.start_at(theta, o.penalty)
        solution = part.solve(o.penalty, 0.05 * o.q / size, 30)
        o.passes += sample.passes * sample.n / o.n
        if not (solution.finite and np.isfinite(solution.gap)):
            return theta
        self.drawn = rows, factor
        return solution.theta

    # ------------------------------------------------------------------ the working set

    @property
    def whole(self):
        """Whether all columns are in work, where they lie."""
        return len(self.columns) == self.objective.p

    def start_at(self, theta, penalty, insist=False):
        """Begin at theta, brought into the box; at zero if that is better, unless to `insist`."""
        o = self.objective
        for start in (theta, o.null_start()):
            coef = np.clip(start[: o.p], penalty.lower, penalty.upper)
            intercept = float(start[o.p]) if o.fit_intercept else 0.0
            if start is theta and not insist and not self._promises(coef, intercept, penalty):
                continue
            self._work_on(np.flatnonzero((coef != 0) | (penalty.l1 == 0)), coef, intercept)
            if insist or self.set.curvature.sum() > 1e-8 * self.scale:
                break

    def _promises(self, coef, intercept, penalty):
        """Whether a start is any better than zero; also if zero lies outside of the box."""
        o = self.objective
        if not coef.any() or np.any(penalty.lower > 0) or np.any(penalty.upper < 0):
            return True
        if np.count_nonzero(coef * (penalty.l1 > 0)) > max(o.n, FIRST[0]):
            return False  # more than a lasso leaves off zero
        null = o.null_start()
        theta = np.append(coef, intercept) if o.fit_intercept else coef
        losses = [o.problem.evaluate(at, n_threads=o.n_threads) for at in (theta, null)]
        o.passes += 2.0
        return losses[0] + self.scale * penalty.value(coef) <= losses[1]

    def _work_on(self, columns, coef, intercept):
        """Put these columns in work, anew; the coefficients of others must be 0."""
        o = self.objective
        m = len(columns)
        if o.p in (m, min(o.p, FEW)) or o.p // 2 < m and o.p <= MANY:
            columns = np.arange(o.p)
        self.columns, self.copy = columns, None
        self.inside[:] = False
        self.inside[columns] = True
        self.by_column = len(columns) > self.most
        if self.by_column:
            room = min(o.p, max(8 * ROOM, 4 * len(columns)))
        else:
            room = o.p if self.whole else min(o.p, max(ROOM, 2 * len(columns)), self.most)
        self.set = WorkingSet(self._problem(), room, not self.by_column)
        self.set.coef[: len(columns)] = coef[columns]
        self.set.intercept = intercept
        self.set.evaluate(o.n_threads)
        o.passes += len(columns) / max(o.p, 1)
        self._sample()

    def _problem(self):
        """The kernels' problem over the columns in work, copied unless they are all of them."""
        o = self.objective
        if self.whole and design.serves(o.matrix, self.by_column):
            return o.problem
        if o.sparse and not self.by_column:
            X = design.by_row(o.X) if self.whole else design.pick_columns(o.X, self.columns)
            return o.problem.over(design.as_matrix(X))
        if not len(self.columns):
            return o.problem.over(design.as_matrix(np.empty((o.n, 0))))
        if self.copy is None:
            self.copy = Columns(o.matrix, self.by_column)
        self.copy.add(self.columns[self.copy.count :], o.n_threads)
        return o.problem.over(self.copy.matrix)

    def _sample(self):
        """Have Gram matrices made of the rows drawn, if there are any."""
        if self.drawn is None or self.by_column or not len(self.columns):
            return
        o, (rows, factor) = self.objective, self.drawn
        matrix, picked = self.set.problem.matrix, rows
        if matrix.layout != "C":
            matrix, picked = design.as_matrix(design.pick_rows(o.X, rows)), None
        part = Problem(matrix, None, None, None, o.fit_intercept, picked)
        self.set.sample(part, rows, np.broadcast_to(factor, len(rows)).astype(np.float64))

    def _add(self, columns):
        """Put more columns in work; their coefficients are 0."""
        o = self.objective
        if not len(columns):
            return
        together = np.concatenate([self.columns, columns])
        m = len(together)
        if m == o.p or m > self.set.capacity or (m > o.p // 2 and o.p <= MANY):
            self._work_on(together, self.coefficients(), self.set.intercept)
            return
        self.columns = together
        self.inside[columns] = True
        self.set.add(self._problem(), o.n_threads)
        self._sample()

    def coefficients(self):
        """All p of them."""
        return self.theta()[: self.objective.p]

    def theta(self):
        """Coefficients and intercept."""
        return self._spread(self.set.coef[: len(self.columns)], self.set.intercept)

    def _spread(self, part, intercept):
        """All coefficients and the intercept, from those of the columns in work."""
        o = self.objective
        theta = np.zeros(o.p + o.fit_intercept)
        theta[self.columns] = part
        if o.fit_intercept:
            theta[o.p] = intercept
        return theta

    def slopes(self):
        """X' residual of all columns at the present point; no penalty, not divided by anything."""
        o = self.objective
        return o.gather(self.set.residual[: o.n])[: o.p]

    # ------------------------------------------------------------------ one value of the penalty

    def solve(self, penalty, tol, max_iter, watch=None, before=None):
        """Minimise from where it stands until the certified gap is at most tol * objective.

        `before` is the penalty of the last solve; with it, the strong rule and the first step look
        ahead, and the solution is where the last step leads, which costs no read of X: only scores
        and the objective are known there. The next solve begins where all is known.
        """
        s = penalty.times(self.scale)
        if before is not None and any_of(before.l1 > 2.0 * penalty.l1):
            before = None  # too far off for a rule about the next value
        self._foresee(s, None if before is None else self.scale * before.l1)
        self._enter(penalty)
        # as long as columns are missing there is no point in solving for those here exactly
        finest = max(0.25 * tol, 1e-15)
        inner, n_iter, walked = finest if self.whole else max(finest, 1e-3), 0, 0
        if before is not None:
            inner = min(max(tol / self.unproved, finest), AHEAD * finest)
        self.renewed = False
        for turn in range(100):
            walks = self._may_walk(walked)
            self.set.penalise(*s.of_columns(self.columns))
            first = before is not None and turn == 0
            left = min(max_iter - n_iter, WALKS - walked if walks else max_iter)
            status, steps = self._minimise(inner, tol, left, watch, n_iter, first)
            n_iter += steps
            walked += steps * walks
            if walks and status == "max_iter" and n_iter < max_iter:
                continue
            f, theta, gap = self.set.objective, None, np.inf
            if status == "callback":
                break
            gap, missing = self._certify(s, f)
            if before is not None and gap < np.inf:
                theta, f, gap = self._look_ahead(f, gap)
            if gap <= tol * f:
                break
            if n_iter == max_iter and not (inner <= finest and status == "stalled"):
                status = "max_iter"
                break
            if inner > finest and before is None and self._take_step():
                n_iter, f, gap = n_iter + 1, self.set.objective, np.inf
                if self._stopped_by(watch, n_iter):
                    status = "callback"
                    break
            inner = self._refine(missing, gap, status, inner, finest, tol)
            if inner is None:
                break
        theta = self.theta() if theta is None else theta
        end = theta, f / self.scale, gap / self.scale, self.set.violation / self.scale
        return Solution(*end, self._reason(gap <= tol * f, status, gap), n_iter)

    def _may_walk(self, walked):
        """Whether the next steps are walks along columns, of which so many led nowhere."""
        walks = self.by_column and len(self.columns) <= GRAM[1]
        if walks and walked >= WALKS:  # the columns hang together
            self.most, walks = GRAM[1], False
            self._work_on(self.columns, self.coefficients(), self.set.intercept)
        return walks

    def _refine(self, missing, gap, status, inner, finest, tol):
        """Do something about a gap too large: the next round's `inner`, None if nothing is left."""
        s, m = self.set, len(self.columns)
        if len(missing):
            self._add(missing[: max(64, (4 if self.by_column else 2) * m)])
            return finest if len(missing) < 0.15 * m else inner  # so few change little else
        if inner > finest:
            return finest
        if s.sampled:
            s.sample(None, None, None)
            self.drawn = None
            return inner
        if not np.isfinite(gap) and not self.renewed:
            # curvatures of long ago can move a mean out of (0, 1)
            s.forget()
            self.renewed = True
            return inner
        if status == "stalled" or inner <= max(1e-4 * tol, 1e-15):
            return None
        self.renewed = False
        return max(0.03 * inner, 1e-15)

    def _take_step(self):
        """Go where the step left over leads; whether that is lower."""
        o = self.objective
        o.passes += len(self.columns) / max(o.p, 1)
        return self.set.take(o.n_threads)

    def _look_ahead(self, f, gap):
        """(theta, objective, gap) where the step left over leads; theta None if no lower."""
        s, part = self.set, np.empty(len(self.columns))
        lower = s.look_ahead(part)
        if not lower < f:
            return None, f, gap
        least = f - gap  # of the minimum
        gap = min(max(lower - least, 0.0) + ROUNDING * f, gap)
        self.unproved = (self.unproved * gap / max(s.decrease, ROUNDING * f)) ** 0.5
        return self._spread(part, s.intercept + s.step_b), lower, gap

    def take_last_step(self, penalty, solution, watch):
        """Go where the step left over leads: nearer to the optimum by far, for one read."""
        o, s, m = self.objective, self.set, len(self.columns)
        l1, _, lower, upper = penalty.of_columns(self.columns)
        before = s.coef[:m].copy(), s.intercept
        stays = (before[0] == 0) & (l1 > 0)  # no step so small tells a zero from another number
        s.coef[:m] = np.where(stays, 0.0, np.clip(before[0] + s.step[:m], lower, upper))
        s.intercept += s.step_b
        s.evaluate(o.n_threads)
        o.passes += m / max(o.p, 1)
        f = s.objective / self.scale
        least = solution.objective - solution.gap  # of the minimum
        if not f <= solution.objective:
            s.coef[:m], s.intercept = before
            s.evaluate(o.n_threads)
            return solution
        gap = min(max(f - least, 0.0) + ROUNDING * f, solution.gap)
        n_iter = solution.n_iter + 1
        watch(n_iter, self.theta(), f, gap)
        return Solution(self.theta(), f, gap, s.violation / self.scale, CONVERGED, n_iter)

    def _enter(self, penalty):
        """Bring the coefficients in work into the box."""
        if not penalty.bounded:
            return
        w = self.set.coef[: len(self.columns)]
        _, _, lower, upper = penalty.of_columns(self.columns)
        inside = np.clip(w, lower, upper)
        if (inside != w).any():
            w[:] = inside
            self.set.evaluate(self.objective.n_threads)

    def _minimise(self, inner, tol, max_iter, watch, done, ahead):
        """Steps on the working set until they promise too little: (status, how many)."""
        o, s, m = self.objective, self.set, len(self.columns)
        least, exact = inner * s.objective, 0.02 * min(tol, inner)
        if self.by_column:  # walks go no further than needed; faces get there anyway
            exact = 0.5 * (inner if inner > AHEAD * tol else min(0.25 * tol, inner))
        watched = watch is not None and watch.callback is not None
        n_iter = 0
        while True:
            status, steps = s.minimise(
                least, exact, max_iter - n_iter, m >= SINGLE, o.n_threads, watched, ahead
            )
            n_iter += steps
            o.passes += (steps + 1) * m / max(o.p, 1)
            if status == "nonfinite":
                raise FloatingPointError("sums over the rows overflow")
            if status != "paused":
                return status, n_iter
            if self._stopped_by(watch, done + n_iter):
                return "callback", n_iter

    def _stopped_by(self, watch, n_iter):
        """Show a callback where it stands; whether that asks to stop."""
        if watch is None or watch.callback is None:
            return False
        return watch(n_iter, self.theta(), self.set.objective / self.scale, np.inf)

    def _reason(self, proved, status, gap):
        """Why it stopped, in the words of `fastlogreg.result`."""
        if proved:
            return CONVERGED
        if status == "callback":
            return CALLBACK
        if np.isfinite(gap):
            return MAX_ITER if status == "max_iter" else STALLED
        # nothing proved: some coefficients without a penalty may have no finite optimum
        if self.set.loss < 1e-8 * self.scale and separated(self.objective, self.theta()):
            return SEPARATED
        return MAX_ITER if status == "max_iter" else DIVERGED

    def _foresee(self, penalty, before):
        """The strong rule: which columns will be off zero, by the products at the last point."""
        if self.whole:
            return
        o, l1 = self.objective, penalty.l1
        if self.screen is None:
            self.screen = Screen(o.problem)
            self.screen.learn(self.set.residual[: o.n], o.n_threads)
            o.passes += 1.0
        level = l1 if before is None else np.minimum(2.0 * l1 - before, l1)
        new = self.screen.foreseen(level, self.inside)
        if before is None:  # from afar: the likeliest first
            first = min(o.n, FIRST[o.sparse])
            most = max(first, 2 * len(self.columns))
            if len(new) > most:
                size = np.maximum(np.broadcast_to(l1, o.p)[new], 1e-300)
                ratio = np.abs(self.screen.last[new]) / size
                new = new[np.argpartition(-ratio, most)[:most]]
        if any_of(penalty.bare):
            new = np.union1d(new, np.flatnonzero(penalty.bare & ~self.inside))
        self._add(new)

    # ------------------------------------------------------------------ the certificate

    def _certify(self, penalty, f):
        """(gap, columns that must join) from the step that was not taken."""
        o, s = self.objective, self.set
        n = o.n
        along, slopes = s.along[:n], s.slopes[: len(self.columns)]
        free = self._free(penalty)
        if len(free):
            along, slopes = self._balance(free, along, slopes)
        cost, reach, left, beyond = s.prove(along, slopes)
        missing = ()
        if not self.whole:
            moved = s.residual[:n] + s.moves[:n] * along
            reads = self.screen.reads
            missing = self.screen.violators(moved, penalty.l1, self.inside, o.n_threads)
            o.passes += self.screen.reads - reads
        if len(missing) or not reach < 1.0:
            return np.inf, missing
        return cost + left + f * beyond + FLOOR * f, missing

    def _free(self, penalty):
        """Positions of the columns in work whose slopes have to be 0: no penalty holds them."""
        if not any_of((penalty.l1 == 0) & (penalty.l2 == 0)):
            return ()
        m = len(self.columns)
        l1, l2, lower, upper = penalty.of_columns(self.columns)
        w = self.set.coef[:m] + self.set.step[:m]
        return np.flatnonzero((l1 == 0) & (l2 == 0) & (lower < w) & (w < upper))

    def _balance(self, free, along, slopes):
        """(along, slopes) once the slopes of the free columns are brought to 0."""
        o, s, m = self.objective, self.set, len(self.columns)
        size = max(1.0, float(np.abs(s.coef[:m] + s.step[:m]).max()))
        gram = s.gram[np.ix_(free, free)] if not self.by_column else np.diag(s.diagonal[free])
        out = np.append(slopes, 0.0) if o.fit_intercept else slopes.copy()
        bare = Problem(s.problem.matrix, None, None, None, o.fit_intercept)  # no offset
        for _ in range(4):
            delta = np.zeros(len(out))
            delta[free] = -np.linalg.lstsq(gram, out[free], rcond=None)[0]
            change = np.empty(o.n)
            # the intercept keeps the moves' sum at zero
            bare.predict(delta, change, o.n_threads)
            if o.fit_intercept:
                change -= (s.moves[: o.n] @ change) / s.moves[: o.n].sum()
            along = along + change
            moved = s.residual[: o.n] + s.moves[: o.n] * along
            s.problem.collect(moved, out, False, o.n_threads)
            if np.abs(out[free]).max() <= 1e-13 * self.scale * size:
                break
        return along, out[:m]
