"""Columns that are linear combinations of others: how they are found, and how that is written.

As in R the intercept comes first, then the columns in order; a column that adds nothing depends on
those before it. A Gram matrix tells which columns are suspect, their residual (after refinement)
which depend.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from fastlogreg import design
from fastlogreg._kernels.core import Problem, padded, symmetrise

MOST = 8  # relations that are told
_SHOWN = 8  # terms that are written
_DENOMINATOR = 12  # largest of a coefficient that is taken for a fraction
_SUSPECT = 1e-7  # squared length of what a column adds, as a share of its own: look closer


@dataclass(frozen=True, slots=True)
class Relation:
    """Column `column` is the sum of `terms`, {column: coefficient}, and `constant`.

    `inflation` is the variance inflation factor, inf if the relation is exact.
    """

    column: int
    terms: dict
    constant: object = 0.0
    inflation: float = np.inf

    def text(self, names):
        """Write it as an equation, such as ``x3 = 1 + x1 - 2 x2``."""
        sum_ = "" if self.constant == 0 else _number(self.constant)
        for k, c in list(self.terms.items())[:_SHOWN]:
            size = "" if abs(c) == 1 else f"{_number(abs(c))} "
            sign = ("-" if c < 0 else "") if not sum_ else (" - " if c < 0 else " + ")
            sum_ += f"{sign}{size}{names[k]}"
        more = len(self.terms) - _SHOWN
        return f"{names[self.column]} = {sum_ or '0'}{f' + ({more} more terms)' * (more > 0)}"


def told(relations, names):
    """The first of some relations, for a text."""
    more = len(relations) - MOST
    texts = [relation.text(names) for relation in relations[:MOST]]
    return "; ".join([*texts, f"and {more} more"] if more > 0 else texts)


def fraction(value):
    """A fraction of small denominator within 1e-6 of the value, else the value."""
    value = float(value)
    near = Fraction(value).limit_denominator(_DENOMINATOR)
    return near if near and abs(near - Fraction(value)) <= 1e-6 * abs(near) else value


def _number(value):
    """A number as it would be typed: 2, -0.5, 1/3, 2.20462."""
    if isinstance(value, Fraction) and value.denominator in (3, 6, 7, 9, 11, 12):
        return str(value)
    return f"{float(value):.6g}"


def dependent_columns(X, weight, fit_intercept, exact, n_threads):
    """A `Relation` for each column that depends on those before it, in their order.

    `exact`: the largest share of a column's length, over rows of `weight` (None: all the same),
    that may be left of it.
    """
    columns = _Columns(X, weight, fit_intercept, n_threads)
    gram, q = columns.gram(), columns.q
    length = np.sqrt(gram.diagonal())
    size = np.where(length > 0.0, length, 1.0)
    gram /= np.outer(size, size)
    order = [q - 1, *range(q - 1)] if fit_intercept else list(range(q))
    if _full_rank(gram[np.ix_(order, order)]):
        return []
    kept, factor, found = [], np.zeros((q, q)), []
    for column in order:
        count = len(kept)
        across = gram[kept, column]
        w = solve_triangular(factor[:count, :count], across, lower=True) if count else across
        pivot = gram[column, column] - w @ w
        if length[column] == 0.0:
            found.append(Relation(column, {}))
            continue
        if pivot < _SUSPECT and count:
            v = columns.residual(column, kept, factor[:count, :count], length)
            share = columns.length(v) / length[column]
            if share <= exact:
                found.append(columns.relation(column, v, length, exact))
                continue
            pivot = share * share
        factor[count, :count], factor[count, count] = w, np.sqrt(pivot)
        kept.append(column)
    return sorted(found, key=lambda relation: relation.column)


def _full_rank(gram):
    try:
        factor = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return False
    return bool((factor.diagonal() ** 2 > _SUSPECT).all())


class _Columns:
    """The columns of X and, last, the intercept's, with sums over weighted rows."""

    def __init__(self, X, weight, fit_intercept, n_threads):
        matrix = design.as_matrix(design.by_row(X))
        self.problem = Problem(matrix, None, None, None, bool(fit_intercept))
        self.weight = np.ones(self.problem.n) if weight is None else weight
        self.q, self.p, self.n_threads = self.problem.q, self.problem.p, n_threads

    def gram(self):
        """Their products with each other, (q, q)."""
        upper, full = np.zeros((padded(self.q),) * 2), np.empty((self.q, self.q))
        self.problem.gram(self.weight, upper, self.n_threads)
        symmetrise(upper, 1.0, np.zeros(self.q), full)
        return full

    def product(self, v):
        """The combination v of them, (n,)."""
        out = np.empty(self.problem.n)
        self.problem.predict(v, out, self.n_threads)
        return out

    def length(self, v):
        """The length of a combination."""
        return float(np.sqrt(self.weight @ np.square(self.product(v))))

    def residual(self, column, kept, factor, length):
        """The combination (q,) that is left of a column when the kept ones are taken away."""
        v, inner, kept = np.zeros(self.q), np.empty(self.q), np.array(kept)
        v[column] = 1.0
        for _ in range(4):
            self.problem.collect(self.weight * self.product(v), inner, n_threads=self.n_threads)
            v[kept] -= cho_solve((factor, True), inner[kept] / length[kept]) / length[kept]
        return v

    def relation(self, column, v, length, exact):
        """The `Relation` of a residual; its coefficients are fractions where that holds, too."""
        v = np.where(np.abs(v) * length > 1e-7 * length[column], v, 0.0)
        values = {int(k): -float(v[k]) for k in np.flatnonzero(v) if k != column}
        fractions = {k: fraction(value) for k, value in values.items()}
        v[list(fractions)] = [-float(value) for value in fractions.values()]
        if self.length(v) <= exact * length[column]:
            values = fractions
        constant = values.pop(self.p, 0.0)
        return Relation(column, values, constant)
