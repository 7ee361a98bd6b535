"""Columns that others make up: exact relations with readable coefficients, and near ones.

Null vectors of the correlation matrix, in echelon form from the last column, write each dependent
column by columns before it. What is only nearly dependent shows in the variance inflation factors
of Belsley, Kuh and Welsch (Regression Diagnostics, 1980), largest first.
"""

from fractions import Fraction

import numpy as np

from fastlogreg.relations import Relation, fraction

MOST_COLUMNS = 2000
INFLATED = 100.0  # variance inflation from which a column is nearly a combination of others
_NULL = 1e-10  # eigenvalue of the correlation matrix below which a relation may be exact


def exact_relations(R, blocks, shift, scale, eps):
    """Relations that hold in every row to the rounding `eps` of the data.

    `blocks` is called for blocks of dense rows of the columns that R correlates; `shift` and
    `scale` are what R was made with.
    """
    values, vectors = np.linalg.eigh(R)
    null = vectors[:, values < _NULL].T
    relations = []
    for j, row in _echelon_from_the_right(null):
        row = np.where(np.abs(row) > 1e-7, row, 0.0)
        terms = {int(k): -row[k] * scale[j] / scale[k] for k in np.flatnonzero(row) if k != j}
        relation = _verified(j, terms, blocks, shift, scale, eps)
        if relation is not None:
            relations.append(relation)
    return sorted(relations, key=lambda relation: relation.column)


def _echelon_from_the_right(null):
    """(pivot column, row) with the pivots 1, as far right as they can be, alone in their column."""
    rows, pivots = null.copy(), []
    for j in range(null.shape[1] - 1, -1, -1):
        r = len(pivots)
        if r == len(rows):
            break
        best = r + int(np.argmax(np.abs(rows[r:, j])))
        if abs(rows[best, j]) < 1e-6:
            continue
        rows[[r, best]] = rows[[best, r]]
        rows[r] /= rows[r, j]
        others = np.arange(len(rows)) != r
        rows[others] -= np.outer(rows[others, j], rows[r])
        pivots.append(j)
    return list(zip(pivots, rows, strict=False))


def _verified(j, terms, blocks, shift, scale, eps):
    """The relation with simple fractions where these hold too; None if it does not hold."""
    others = list(terms)
    found = np.array(list(terms.values()))
    fractions = [fraction(c) for c in found]
    for values, digits in ((fractions, 64.0 * eps), (found.tolist(), max(64.0 * eps, 1e-9))):
        coefficients = np.array([float(c) for c in values])
        constant = float(shift[j] - coefficients @ shift[others])
        size = abs(shift[j]) + scale[j] + np.abs(coefficients) @ np.abs(shift[others])
        simple = Fraction(0) if abs(constant) <= max(digits, 1e-9) * size else fraction(constant)
        for level in (simple, constant):
            if _holds(blocks, j, others, coefficients, float(level), digits):
                return Relation(j, dict(zip(terms, values, strict=True)), level, np.inf)
    return None


def _holds(blocks, j, others, coefficients, constant, digits):
    """Whether the relation holds in every row, to a share `digits` of what is added up there."""
    for x in blocks():
        parts = x[:, others] * coefficients
        most = np.abs(x[:, j]) + np.abs(parts).sum(axis=1) + abs(constant)
        if (np.abs(x[:, j] - parts.sum(axis=1) - constant) > digits * most).any():
            return False
    return True


def near_relations(R, shift, scale):
    """Columns with a variance inflation of at least `INFLATED`, and what they nearly are.

    The most inflated column first; each is left out before the next is looked for.
    """
    values, vectors = np.linalg.eigh(R)
    P = (vectors / np.maximum(values, 1e-14)) @ vectors.T
    relations, left = [], np.ones(len(R), dtype=bool)
    while left.any():
        inflation = np.where(left, P.diagonal(), 0.0)
        j = int(np.argmax(inflation))
        if not inflation[j] >= INFLATED:
            break
        weights = np.where(left, -P[j] / P[j, j], 0.0)
        weights[j] = 0.0
        shown = np.flatnonzero(np.abs(weights) >= 0.1 * np.abs(weights).max())
        terms = {int(k): float(weights[k] * scale[j] / scale[k]) for k in shown}
        constant = float(shift[j] - sum(c * shift[k] for k, c in terms.items()))
        relations.append(Relation(j, terms, constant, float(inflation[j])))
        P = P - np.outer(P[:, j], P[j]) / P[j, j]
        left[j] = False
    return relations
