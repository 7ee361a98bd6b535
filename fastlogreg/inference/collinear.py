"""Columns that are linear combinations of those before them, with the combination.

As in R the intercept comes first, then the columns in order; a column that adds nothing is aliased.
A Gram matrix tells which columns are suspect, their residual (after refinement) which are aliased.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

_SUSPECT = 1e-7  # squared length of what a column adds, as a share of its own: look closer
MOST = 8  # terms, and relations, that are told


class Alias(NamedTuple):
    """Column `column` is the combination `terms`, {column: coefficient}, of other columns.

    Columns count from 0; the intercept is the column after the last.
    """

    column: int
    terms: dict

    def relation(self, names):
        """As text, such as ``x3 = x1 + 2 x2``."""
        text = ""
        for column, value in list(self.terms.items())[:MOST]:
            name = (
                "" if column == len(names) - 1 and names[column] == "intercept" else names[column]
            )
            size = f"{abs(value):.6g}"
            term = f"{size} {name}".strip() if size != "1" or not name else name
            sign = "-" if value < 0 else "+"
            text += f" {sign} {term}" if text else f"-{term}" if value < 0 else term
        more = " + ..." if len(self.terms) > MOST else ""
        return f"{names[self.column]} = {text or '0'}{more}"


def aliased_columns(likelihood):
    """A list of `Alias`, in the order of the columns; empty where X has full column rank."""
    s, q = likelihood.s, likelihood.q
    gram = likelihood.products(s)
    order = list(range(q))
    if likelihood.fit_intercept:
        order = [q - 1, *order[:-1]]
    length = np.sqrt(gram.diagonal())
    scaled = gram / np.outer(*[np.where(length > 0.0, length, 1.0)] * 2)
    tidy = scaled[np.ix_(order, order)]
    if _full_rank(tidy):
        return []
    exact = 1e-6 if likelihood.rows.dtype == np.float32 else 1e-10
    kept, factor, found = [], np.zeros((q, q)), []
    for column in order:
        size = len(kept)
        across = scaled[kept, column]
        w = solve_triangular(factor[:size, :size], across, lower=True) if size else across
        pivot = scaled[column, column] - w @ w
        if length[column] == 0.0:
            found.append(Alias(column, {}))
            continue
        if pivot < _SUSPECT and size:
            share, terms = _residual(likelihood, s, column, kept, factor[:size, :size], length)
            if share <= exact:
                found.append(Alias(column, terms))
                continue
            pivot = share * share
        factor[size, :size], factor[size, size] = w, np.sqrt(pivot)
        kept.append(column)
    return sorted(found)


def _full_rank(scaled):
    try:
        factor = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        return False
    return bool((factor.diagonal() ** 2 > _SUSPECT).all())


def _residual(likelihood, s, column, kept, factor, length):
    """(length of what the kept columns leave of a column over its own, the combination)."""
    q = likelihood.q
    kept = np.array(kept)
    v = np.zeros(q)
    v[column] = 1.0
    for _ in range(4):
        rest = likelihood.product(v)
        inner = likelihood.gather((s * rest)[:, None])[kept] / length[kept]
        v[kept] -= cho_solve((factor, True), inner) / length[kept]
    rest = likelihood.product(v)
    share = float(np.sqrt(s @ rest**2)) / length[column]
    terms = {int(k): -float(v[k]) for k in kept if abs(v[k]) * length[k] > 1e-7 * length[column]}
    return share, terms


def estimable(information, free, first):
    """Mask of the parameters in `free` that the information determines; those in `first` go first.

    A parameter whose information beyond the earlier ones is below rounding is not determined.
    """
    size = len(information)
    mask = np.zeros(size, dtype=bool)
    scale = np.sqrt(information.diagonal())
    kept, factor = [], np.zeros((size, size))
    for j in [*np.flatnonzero(free & first), *np.flatnonzero(free & ~first)]:
        if not scale[j] > 1e-150:
            continue
        count = len(kept)
        across = information[kept, j] / (scale[kept] * scale[j])
        w = solve_triangular(factor[:count, :count], across, lower=True) if count else across
        pivot = 1.0 - w @ w
        if pivot > 1e-10:
            factor[count, :count], factor[count, count] = w, np.sqrt(pivot)
            kept.append(j)
            mask[j] = True
    return mask


def undetermined(information, free):
    """Mask of the parameters in `free` that directions without information change."""
    out = np.zeros(len(information), dtype=bool)
    block = information[np.ix_(free, free)]
    scale = np.sqrt(block.diagonal())
    scale = np.where(scale > 1e-150, 1.0 / np.maximum(scale, 1e-150), 1.0)
    values, vectors = np.linalg.eigh(block * np.outer(scale, scale))
    idle = vectors[:, values <= 1e-10]
    out[free] = np.abs(idle).max(axis=1, initial=0.0) > 1e-6
    return out


def inverse(matrix):
    """The inverse of a symmetric positive definite matrix, by a scaled Cholesky factor.

    Raises
    ------
    LinAlgError
        It is not positive definite to rounding.
    """
    if not len(matrix):
        return matrix.copy()
    scale = 1.0 / np.sqrt(matrix.diagonal())
    factor = cho_factor(matrix * np.outer(scale, scale), lower=True)
    return cho_solve(factor, np.eye(len(matrix))) * np.outer(scale, scale)
