"""The recession cone of a system: a direction inside it, and a proof that there is no more.

Rows are peeled: a direction that raises some rows and lowers none takes these off; the others are
asked again, until what is left is proved to overlap (`stiemke`) or nothing is left.  The sum of the
directions then raises every row that any direction can raise.  Each direction is exact (`exact`),
each candidate is checked in exact arithmetic, and wrong guesses only cost time:

1. the coefficients themselves, if every row is on its right side;
2. Newton's step: on rows that run off it gains about 1, on those that tie it has died out;
3. single columns: all of one class at or above a threshold, all of the other at or below it;
4. coefficients that are far out: the rows with small margins tie;
5. the same after more steps of Newton's method;
6. a linear program (`program`).
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from fastlogreg import design
from fastlogreg.objective import Objective
from fastlogreg.recession import basis as bases
from fastlogreg.recession import exact, program
from fastlogreg.recession.stiemke import Balance
from fastlogreg.solvers import find
from fastlogreg.solvers.state import Watch

GLANCE = 100  # rows that are looked at before all are
LARGEST_HESSIAN = 1500  # parameters up to which overlap is proved and programs are solved


@dataclass(frozen=True)
class Finding:
    """What was found out about a system.

    tied : rows that no direction raises (mask); all of them if the rows overlap
    rising : rows that `direction` raises (mask)
    direction : exact vector, or None
    span : {column: exact vector}, these span all directions; None if not known
    collinear : columns that are combinations of the others
    point : coefficients at which the tied rows are proved to overlap, or None; zero for columns
        that others replace there
    proved : whether the tied rows are proved to overlap
    largest : the share that `stiemke.Balance` left the last attempt with
    """

    tied: np.ndarray
    rising: np.ndarray
    direction: dict | None = None
    span: dict | None = field(default_factory=dict)
    collinear: list = field(default_factory=list)
    point: np.ndarray | None = None
    proved: bool = False
    largest: float = np.inf


def explore(system, theta):
    """The `Finding` for a system, from coefficients near the best ones."""
    search = Search(system, theta)
    tied, total = system.alive.copy(), {}
    if (found := search.easy(tied)) is not None:
        total, tied = found[0], tied & ~found[1]
    while tied.any() and not search.proves_overlap(tied):
        found = search.quick(tied)
        if found is None and system.q <= LARGEST_HESSIAN:
            search.polish(tied)
            if search.proves_overlap(tied):
                break
            found = search.quick(tied) or search.slow(tied)
        if found is None:
            break
        v, rising = found
        total = v if not total else _above(system, total, v, tied)
        tied = tied & ~rising
    return search.finding(tied, total)


def _above(system, first, second, tied):
    """first * 2^k + second, k so large that no row loses what `first` raised."""
    before = system.margins(exact.to_floats(first, system.q))
    after = system.margins(exact.to_floats(second, system.q))
    gone = system.alive & ~tied & (after < 0.0) & (before > 0.0)
    ratio = np.max(-after[gone] / before[gone], initial=0.25)
    factor = Fraction(2) ** int(np.ceil(np.log2(4.0 * ratio)))
    size = max(map(abs, second.values())) / max(map(abs, first.values()))
    return exact.combination([factor * size, 1], [first, second])


class Search:
    """The candidates' common state: where Newton stands and which columns are independent."""

    def __init__(self, system, theta):
        self.system, self.theta = system, np.ascontiguousarray(theta, dtype=float)
        self.balance = self._basis = self.last = None
        self._margins = self._residuals = None, None
        self.joint = True  # theta is a softmax' own, where the rows are its pairs

    def basis(self, mask):
        """The columns' `Basis` on a mask, kept for the next question."""
        if self.system.q > bases.LARGEST:
            return None
        if self._basis is None or not np.array_equal(self._basis.mask, mask):
            self._basis = bases.Basis(self.system, mask)
        return self._basis

    def margins(self):
        """The coefficients' own margins."""
        if self._margins[0] is not self.theta:
            self._margins = self.theta, self.system.margins(self.theta)
        return self._margins[1]

    def residuals(self):
        """The coefficients' own residuals and curvatures."""
        if self._residuals[0] is not self.theta:
            self._residuals = self.theta, self.system.residuals(self.theta, self.joint)
        return self._residuals[1]

    def proves_overlap(self, mask):
        """Whether Newton's step proves that the rows of a mask overlap."""
        if self.system.q > LARGEST_HESSIAN:
            return False
        known = self._basis is not None and np.array_equal(self._basis.mask, mask)
        if not known:
            self.balance = Balance(self.system, mask, self.residuals())
            if self.balance.proved or self.balance.regular or self.system.q > bases.LARGEST:
                return self.balance.proved
        kept = self.basis(mask).kept
        if known or len(kept) < self.system.q:
            self.balance = Balance(self.system, mask, self.residuals(), kept)
        return self.balance.proved

    def easy(self, mask):
        """As `quick`, if the coefficients are right on every row."""
        return self._first(mask, (self._own,))

    def quick(self, mask):
        """(exact vector, rows that it raises) over the rows of a mask; None if none was found."""
        return self._first(mask, (self._own, self._newton, self._single, self._far))

    def slow(self, mask):
        """As `quick`, by linear programming."""
        return self._first(mask, (self._program,))

    def polish(self, mask):
        """Move the coefficients on to the best ones for the rows of a mask, or far out."""
        o = self.system.objective
        weight = mask.astype(float) if o.weight is None else o.weight * mask
        part = Objective(
            o.X, o.matrix, o.y, weight, o.offset, o.fit_intercept, o.penalty, o.n_threads
        )
        minimise, self.joint = find("newton", part), False
        with np.errstate(over="ignore", invalid="ignore"):
            self.theta = minimise(part, self.theta, 1e-12, 60, Watch(None, o.fit_intercept)).theta

    def _first(self, mask, candidates):
        for candidate in candidates:
            v = candidate(mask)
            rising = self._raises(v, mask) if v else None
            if rising is not None:
                return v, rising
        return None

    def _raises(self, v, mask):
        """The rows of the mask that v raises; None if it lowers one, or raises none."""
        product = self.system.signs(v)
        if product is None:
            return None
        sign = self.system.sign
        bad = mask & np.where(sign == 0.0, product != 0.0, product * sign < 0.0)
        rising = mask & (product * sign > 0.0)
        if bad.any() or not rising.any():
            return None
        self.last = v, product
        return rising

    def _own(self, mask):
        """The coefficients, if they are right on every row, beyond rounding."""
        system, theta = self.system, self.theta
        if not self._may_be_right(mask) or (system.soft and (system.sign[mask] == 0.0).any()):
            return None
        least = self.margins()[mask].min()
        if not least > 0.0 or least <= system.rounding(theta):
            return None
        return {j: Fraction(value) for j, value in enumerate(theta.tolist()) if value}

    def _may_be_right(self, mask):
        """Whether the coefficients are right on a few of a mask's rows."""
        rows = np.flatnonzero(mask[: 4 * GLANCE])[:GLANCE]
        values = exact.dense_columns(self.system.X, list(range(self.system.q)), rows)
        return bool((self.system.sign[rows] * (values @ self.theta) >= 0.0).all())

    def _newton(self, mask):
        """The direction nearest to Newton's step that ties the rows which the step leaves alone."""
        if self.system.q > bases.LARGEST:
            return None
        return self._towards(mask, self.balance.gain, 0.5)

    def _far(self, mask):
        """The direction nearest to the coefficients that ties the rows with small margins."""
        margins = self.margins()
        largest = margins[mask].max()
        if self.system.q > bases.LARGEST or not largest > 0.0:
            return None
        return self._towards(mask, margins / largest, 0.05)

    def _towards(self, mask, gain, least):
        """A direction that ties the rows whose gain is below `least`, near the others' gains."""
        system = self.system
        tied = mask & ((gain < least) | (system.sign == 0.0))
        others = mask & ~tied
        if not others.any():
            return None
        extended = bases.extend(system, self.basis(tied), others)
        if extended is None or not extended[0]:
            return None
        vectors = list(extended[0].values())
        if len(vectors) == 1:
            product = system.margins(exact.to_floats(vectors[0], system.q), others)
            return exact.combination([1 if product.sum() > 0.0 else -1], vectors)
        return self._nearest(vectors, others, gain[others])

    def _nearest(self, vectors, rows, gain):
        """The combination of exact vectors whose gains on the rows are nearest to those wanted."""
        floats = [exact.to_floats(v, self.system.q) for v in vectors]
        products = np.stack([self.system.margins(v, rows) for v in floats], axis=1)
        factors = np.linalg.lstsq(products, gain, rcond=None)[0]
        factors /= np.abs(factors).max(initial=1e-300)
        scale = [1 / max(map(abs, v.values())) for v in vectors]
        return exact.combination(
            [Fraction(f) * s for f, s in zip(factors.tolist(), scale, strict=True)], vectors
        )

    def _single(self, mask):
        """The sum of all columns that part the classes alone, each at a threshold."""
        system, parts = self.system, []
        low, high = {}, {}
        for sign in (-1.0, 1.0):
            rows = mask & ((system.sign == sign) | (system.sign == 0.0))
            low[sign], high[sign] = _extremes(system, rows)
        for j in range(system.q):
            for sign in (1.0, -1.0):  # of the coefficient: class `sign` has the larger values
                below, above = high[-sign][j], low[sign][j]
                widest = max(high[sign][j] - above, below - low[-sign][j], above - below)
                if below <= above and widest > 0.0:
                    part = self._threshold(j, int(sign), below, above)
                    parts += [part] if part else []
                    break
        return exact.combination([1] * len(parts), parts) if parts else None

    def _threshold(self, j, sign, below, above):
        """sign * (x_j - c) with `below` <= c <= `above` as an exact vector; None if c must be 0."""
        alone = not self.system.intercept or j == self.system.p
        if below < 0.0 < above or below == above == 0.0 or (alone and below <= 0.0 <= above):
            return {j: Fraction(sign)}
        if alone or not np.isfinite([below, above]).all():
            return None
        c = 0.5 * below + 0.5 * above
        return {j: Fraction(sign), self.system.p: -sign * Fraction(float(c))}

    def _program(self, mask):
        """A direction from a linear program, with the ties that its rounding suggests."""
        v = program.best_direction(self.system, mask)
        if v is None:
            return None
        gain = self.system.margins(v)
        gain /= max(np.abs(gain[mask]).max(), 1e-300)
        for least in (1e-7, 1e-9, 1e-5, 1e-3):
            direction = self._towards(mask, gain, least)
            if direction and self._raises(direction, mask) is not None:
                return direction
        return None

    def finding(self, tied, total):
        """The `Finding` for rows that are tied, proved or not, and the direction found."""
        system = self.system
        rising = system.alive & ~tied
        proved = not tied.any() or (self.balance is not None and self.balance.proved)
        largest = 0.0 if not tied.any() else self.balance.largest if self.balance else np.inf
        span, collinear = {}, []
        if total:
            product = self.last[1] if self.last[0] is total else system.signs(total)
            if product is None or not _parts(system, product, tied, rising):
                return Finding(system.alive.copy(), np.zeros_like(tied), largest=largest)
        if not tied.any() and system.q > min(bases.LARGEST, np.count_nonzero(rising)):
            # an open cone: every column of it runs off
            collinear = np.flatnonzero(system.zero).tolist()
            span = {j: {j: Fraction(1)} for j in np.flatnonzero(~system.zero).tolist()}
        elif system.q > bases.LARGEST:
            span = None if total else {}
        elif not tied.any():
            kept = self.basis(system.alive).kept
            span = {j: {j: Fraction(1)} for j in sorted(kept)}
            collinear = [j for j in range(system.q) if j not in span]
        elif total:
            extended = bases.extend(system, self.basis(tied), rising)
            span, collinear = extended if extended is not None else (None, [])
        elif self._basis is not None:
            collinear = [j for j in range(system.q) if j not in self.basis(tied).kept]
        if total and span and len(span) <= bases.LARGEST and not total.keys().isdisjoint(collinear):
            gain = system.margins(exact.to_floats(total, system.q), rising)
            other = self._nearest(list(span.values()), rising, gain)
            product = system.signs(other)
            if product is not None and _parts(system, product, tied, rising):
                total = other  # the same without columns that the span leaves out
        point = self._bare(tied) if proved and tied.any() else None
        return Finding(tied, rising, total or None, span, collinear, point, proved, largest)

    def _bare(self, tied):
        """The coefficients without columns that others replace on the tied rows."""
        point = self.theta.copy()
        if self._basis is not None and np.array_equal(self._basis.mask, tied):
            for j in self._basis.others:
                for position, value in (self._basis.relation(j) or {}).items():
                    if position != j:
                        point[position] -= self.theta[j] * float(value)
                point[j] = 0.0
        return point


def _parts(system, product, tied, rising):
    """Whether products of these signs are 0 on the tied rows and > 0 on the rising ones."""
    return not product[tied].any() and bool((product * system.sign)[rising].min(initial=1.0) > 0.0)


def _extremes(system, rows):
    """The least and the largest entry of each column over the rows of a mask."""
    low, high = np.full(system.q, np.inf), np.full(system.q, -np.inf)
    if rows.any():
        low[system.p :] = high[system.p :] = 1.0
        picked = design.pick_rows(system.X, np.flatnonzero(rows))
        least, most = picked.min(axis=0), picked.max(axis=0)
        if design.is_sparse(picked):
            least, most = (side.toarray().reshape(-1) for side in (least, most))
        low[: system.p], high[: system.p] = least, most
    return low, high
