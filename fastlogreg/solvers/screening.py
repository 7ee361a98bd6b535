"""Which columns outside of the working set matter, without a read of X wherever that can be proved.

For a moved residual r the products X'r of all columns are wanted, but only whether they exceed
their thresholds.  The products of a few earlier residuals are kept, made orthonormal: q_k and
X'q_k.  Then, with c_k = q_k'r and what is left, e = r - sum_k c_k q_k,

    | x_j'r - sum_k c_k x_j'q_k |  =  | x_j'e |  <=  ||x_j|| ||e||,

by Cauchy and Schwarz: safe, and along a path, whose residuals change smoothly, tight.  Columns
whose bound does not settle it are multiplied out; if these are many, all are, and r joins the
residuals kept.  With an intercept residuals sum to 0, so that ||x_j|| may be taken about the mean.

The idea of discarding by a ball around a dual point: El Ghaoui, Viallon & Rabbani, "Safe feature
elimination for the lasso" (2012); Ndiaye, Fercoq, Gramfort & Salmon, "Gap safe screening rules for
sparsity enforcing penalties" (2017).
"""

from functools import cached_property

import numpy as np

from fastlogreg._kernels.core import Matrix, Problem, dot, exceeding

KEPT = 16  # residuals
FIRST = 6  # of them whose products are taken without asking: the norms cost two reads
NEAR = 0.95  # share of its l1 at which a column's product is near
NEW = 1e-3  # share of a residual that must be new for it to be kept
ROUNDING = 1e-11  # of an estimate, relative to the norms: a product's own, over NEW, and some


class Screen:
    """What is known of the products of all columns with residuals near the present one."""

    def __init__(self, objective):
        o = self.objective = objective
        self.learned = self.kept = 0
        self._new = []  # residuals and products that are not kept yet: few fits need any
        self.directions, self.products = np.zeros((KEPT, o.n)), np.zeros((KEPT, o.p))
        # as data of the kernels: threads of a BLAS in between would cost more than they do
        self._directions, self._products = (
            Problem(Matrix.dense(rows), None, None, None, False)
            for rows in (self.directions, self.products)
        )
        self.last = np.zeros(o.p)  # the best estimate of the last residual's products
        self._found = np.empty(o.p, dtype=np.int64)

    @cached_property
    def norms(self):
        """Of the columns, about their means if there is an intercept; two reads of X."""
        o, ones = self.objective, np.ones(self.objective.n)
        squares = o.gather(ones, squared=True)[: o.p]
        if o.fit_intercept:
            sums = o.gather(ones)[: o.p]
            squares = np.maximum(squares - sums * sums / o.n, 0.0) + 1e-12 * squares
        return np.sqrt(squares)

    def _project(self, r):
        """(c, e) of the module's text."""
        c, inside = np.empty(KEPT), np.empty(len(r))
        self._directions.predict(r, c)
        self._directions.collect(c, inside)
        return c, r - inside

    def _estimate(self, c):
        out = np.empty(self.objective.p)
        self._products.collect(c, out)
        return out

    def learn(self, r):
        """Multiply all columns by r, and keep that."""
        self.last = v = self.objective.gather(r)[: self.objective.p]
        self.learned += 1
        if not self.objective.sparse:
            self._new.append((r.copy(), v))
            del self._new[:-KEPT]
        return v

    def _keep(self):
        """Put what was learned in place of the oldest."""
        for r, v in self._new:
            c, e = self._project(r)
            size = np.sqrt(dot(e, e))
            if size > NEW * np.sqrt(dot(r, r)):  # what is left of less is mostly rounding
                at = self.kept % KEPT
                product = (v - self._estimate(c)) / size
                self.directions[at], self.products[at] = e / size, product
                self.kept += 1
        self._new = []

    def foreseen(self, level, inside):
        """Columns outside whose product with the last residual is, as far as known, above a level.

        `level`: an array (p,), or (1,) for all columns.
        """
        return self._found[: exceeding(self.last, level, inside, self._found)].copy()

    def violators(self, r, l1, inside):
        """Columns outside whose product with r exceeds l1 (as `level`), the worst first.

        If there are any, others whose product comes near may be among them.
        """
        if self.learned < FIRST or self.objective.sparse:  # too little is known to bound anything
            self.learn(r)
            doubtful = self.foreseen(l1, inside)
            if len(doubtful):
                doubtful = self.foreseen(NEAR * l1, inside)
            l1, exact = NEAR * l1, self.last[doubtful]
        else:
            self._keep()
            c, e = self._project(r)
            slack = np.sqrt(dot(e, e)) + ROUNDING * np.sqrt(dot(r, r))
            self.last = self._estimate(c)
            count = exceeding(self.last, l1, inside, self._found, slack, self.norms)
            doubtful = self._found[:count].copy()
            if not count:
                return doubtful
            if count > self.objective.p // 40:
                exact = self.learn(r)[doubtful]
            else:
                exact = np.empty(count)
                self.objective.problem.collect_some(r, doubtful, exact)
                self.last[doubtful] = exact
        excess = np.abs(exact) - np.broadcast_to(l1, self.objective.p)[doubtful]
        order = np.argsort(-excess)
        return doubtful[order[: np.count_nonzero(excess > 0.0)]]
