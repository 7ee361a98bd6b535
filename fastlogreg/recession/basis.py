"""Which columns are independent on some rows, and how the others depend on them, exactly."""

import numpy as np

from fastlogreg.recession import exact

LARGEST = 600  # parameters up to which columns are told apart one by one
CLEAR = 1e-7  # share of a column's squares that is surely not rounding of the Gram matrix
THIN = 4000  # rows on which columns are told apart first
NOISE = 1e-11  # share of a column's size below which it counts as collinear


class Basis:
    """Independent columns on the rows of a mask, `kept`, and how the `others` depend on them."""

    def __init__(self, system, mask):
        self.system, self.mask = system, mask
        if not self._tell_apart(_thinned(mask, system.q)):
            self._tell_apart(mask)

    def _tell_apart(self, rows):
        """Find the independent columns on some of the mask's rows; False if more are needed."""
        system, whole = self.system, rows is self.mask
        self._relations, gram = {}, system.gram(rows)
        self._gram = gram
        if system.intercept:  # first, so that it is the last to be left out
            order = [system.p, *range(system.p)]
        else:
            order = list(range(system.q))
        self.kept, self.others = _eliminate(gram, order)
        for j in list(self.others):
            if self.relation(j) is not None:
                continue
            if not whole:
                return False
            if gram[j, j] > 0.0 and self._stands_out(j):
                self.kept = [k for k in order if k in self.kept or k == j]
                self.others.remove(j)
                self._relations.clear()
        return True

    def relation(self, j):
        """The exact vector e_j - sum of kept columns that vanishes on the rows.

        None where column j is collinear only to rounding.
        """
        if j not in self._relations:
            columns, guess = self._dependence(self._gram, j)
            self._relations[j] = exact.relation(self.system, self.mask, j, columns, guess)
        return self._relations[j]

    def _stands_out(self, j):
        """Whether the rows themselves show column j to be independent of those kept."""
        values = exact.dense_columns(self.system.X, [*self.kept, j], self.mask)
        values /= np.abs(values).max(axis=0)
        left = values[:, -1] - values[:, :-1] @ _least_squares(values[:, :-1], values[:, -1])
        return np.linalg.norm(left) > NOISE * np.linalg.norm(values[:, -1])

    def _dependence(self, gram, j):
        """(kept columns that column j needs, its coefficients on them), in floating point."""
        if gram[j, j] == 0.0 or not self.kept:
            return [], []
        scale = np.sqrt(gram.diagonal()[self.kept])
        system = gram[np.ix_(self.kept, self.kept)] / scale / scale[:, None]
        c = np.linalg.solve(system, gram[self.kept, j] / scale) / scale
        needed = np.abs(c) * scale > 1e-8 * np.sqrt(gram[j, j])
        return [k for k, used in zip(self.kept, needed, strict=True) if used], c[needed]


def _thinned(mask, q):
    """Every so many of a mask's rows, if they are many: enough to tell most columns apart."""
    rows = np.flatnonzero(mask)
    step = len(rows) // max(THIN, 40 * q)
    if step < 2:
        return mask
    out = np.zeros_like(mask)
    out[rows[::step]] = True
    return out


def _least_squares(A, b):
    c = np.linalg.lstsq(A, b, rcond=None)[0]
    return c + np.linalg.lstsq(A, b - A @ c, rcond=None)[0]


def _eliminate(gram, order):
    """(columns with a clear share of their own, the others), by Gaussian elimination in order."""
    rest, kept, doubtful = gram.copy(), [], []
    diagonal = gram.diagonal()
    for j in order:
        if rest[j, j] > CLEAR * diagonal[j]:
            kept.append(j)
            rest -= np.outer(rest[:, j], rest[j] / rest[j, j])
        else:
            doubtful.append(j)
    return kept, doubtful


def extend(system, basis, among):
    """Columns that, with the basis, span all columns over the rows `among`; as exact vectors.

    These vectors span the kernel of the basis' rows but for columns that are collinear everywhere:
    ({column: vector}, collinear columns), or None if a vector is needed that is not exact.  Vectors
    of few entries are taken first.
    """
    relations = {j: basis.relation(j) for j in basis.others}
    size = {j: np.inf if v is None else len(v) for j, v in relations.items()}
    order = sorted(size, key=lambda j: (size[j], j))
    if not order:
        return {}, []
    products = np.stack([_product(system, basis, j, among) for j in order], axis=1)
    kept, doubtful = _eliminate(products.T @ products, range(len(order)))
    for k in doubtful:
        if products[:, k].any():
            left = products[:, k] - products[:, kept] @ _least_squares(
                products[:, kept], products[:, k]
            )
            if np.linalg.norm(left) > 1e-9 * np.linalg.norm(products[:, k]):
                kept.append(k)
    chosen = [order[k] for k in sorted(kept)]
    if any(relations[j] is None for j in chosen):
        return None
    return {j: relations[j] for j in chosen}, sorted(set(order) - set(chosen))


def _product(system, basis, j, among):
    """Products of the rows `among` with column j's exact vector, rounding taken for zero."""
    v = basis.relation(j)
    if v is None:
        columns = [*basis.kept, j]
        values = exact.dense_columns(system.X, columns, basis.mask)
        scale = np.abs(values).max(axis=0)
        c = _least_squares(values[:, :-1] / scale[:-1], values[:, -1] / scale[-1])
        weights = np.append(-c / scale[:-1], 1.0 / scale[-1])
    else:
        columns, floats = list(v), exact.to_floats(v, system.q)
        weights = floats[columns]
    values = exact.dense_columns(system.X, columns, among)
    product, size = values @ weights, np.abs(values) @ np.abs(weights)
    product[np.abs(product) <= (1e-13 if v is not None else 1e-9) * size] = 0.0
    return product
