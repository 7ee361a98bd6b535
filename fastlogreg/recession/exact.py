"""Exact arithmetic on the rows of X: signs of products, and kernels in rational numbers.

A floating-point number is a rational number, so whether ``x_i . v`` is above, below or exactly zero
has an answer.  Floating point gives it where the product is larger than its rounding error; the few
distinct rows that are left are done in Python's integers.

A vector here is sparse and exact: ``{position: Fraction}``, the intercept's position last.
"""

from fractions import Fraction
from math import lcm

import numpy as np

from fastlogreg import design

EPS = np.finfo(float).eps
BUDGET = 400_000  # products of rational numbers that a single question may cost
LARGEST_BLOCK = 30_000_000  # entries of rows that are looked at closely together
LARGEST_SYSTEM = 64  # unknowns of a system solved in rational numbers


def dense_columns(X, columns, rows=None):
    """Some columns of X (position p: ones) as float64, of all rows or some (mask or indices)."""
    n, p = X.shape
    if rows is not None and rows.dtype == bool:
        rows = np.flatnonzero(rows)
    few = rows is not None and len(rows) < n // 4
    out = np.ones((n if rows is None else len(rows), len(columns)))
    inside = [k for k, j in enumerate(columns) if j < p]
    wanted = [columns[k] for k in inside]
    if not inside:
        return out
    if wanted == list(range(wanted[0], wanted[-1] + 1)):  # a view
        wanted = slice(wanted[0], wanted[-1] + 1)
    if few:
        part = design.pick_rows(X, rows)[:, wanted]
    else:
        part = X if wanted == slice(0, p) else X[:, wanted]
        part = part if rows is None else part[rows]
    out[:, inside] = part.toarray() if design.is_sparse(part) else part
    return out


def integers(v):
    """(positions, integer multiples of an exact vector's entries)."""
    common = lcm(*(value.denominator for value in v.values()))
    return list(v), [int(value * common) for value in v.values()]


def signs(X, v, rows=None, along=None):
    """The exact sign (-1, 0, +1) of x_i . v for each row of a mask; None if that costs too much.

    `along` may hold floating-point products of all rows, and a bound on their rounding error.
    """
    positions, whole = integers(v)
    index = np.arange(X.shape[0]) if rows is None else np.flatnonzero(rows)
    largest = max(map(abs, whole), default=0)
    if largest == 0:
        return np.zeros(len(index))
    if along is None:
        values = dense_columns(X, positions, None if rows is None else index)
        if len(whole) == 1:  # nothing is added up
            return np.sign(values[:, 0]) * (1.0 if whole[0] > 0 else -1.0)
        rounded = np.array([float(Fraction(value, largest)) for value in whole])
        product = values @ rounded
        bound = (len(whole) + 3) * EPS * (np.abs(values) @ np.abs(rounded))
    else:
        product, bound = along[0][index], along[1]
    result = np.sign(product)
    unclear = np.flatnonzero(np.abs(product) <= bound)
    result[unclear] = 0.0
    if unclear.size:  # rows of zeros are zero
        some = touched(X, positions, index[unclear]) if along else values[unclear].any(axis=1)
        unclear = unclear[some]
        if unclear.size * len(positions) > LARGEST_BLOCK:
            return None
        values = dense_columns(X, positions, index[unclear]) if along else values[unclear]
    if unclear.size:
        answer = _signs_of_rows(values, whole, largest)
        if answer is None:
            return None
        result[unclear] = answer
    return result


def touched(X, positions, rows):
    """Which of some rows (indices) have an entry off zero in any of the columns."""
    p = X.shape[1]
    if p in positions:
        return np.ones(len(rows), dtype=bool)
    if not design.is_sparse(X):
        return dense_columns(X, positions, rows).any(axis=1)
    marked = np.zeros(p)
    marked[positions] = 1.0
    return abs(design.pick_rows(X, rows)) @ marked > 0.0


def _signs_of_rows(values, whole, largest):
    """Exact signs of a few rows' products with integers."""
    if largest < 2**31:  # products of multiples of 2^-20: floating point is exact
        scaled = np.ldexp(values, 20)
        if np.abs(scaled).max() * largest * len(whole) < 2**53 and (scaled % 1.0 == 0.0).all():
            return np.sign(scaled @ np.array(whole, dtype=float))
    distinct, inverse = np.unique(values, axis=0, return_inverse=True)
    if distinct.size > BUDGET:
        return None
    out = np.empty(len(distinct))
    for i, row in enumerate(distinct.tolist()):
        total = sum(Fraction(x) * w for x, w in zip(row, whole, strict=True) if x)
        out[i] = (total > 0) - (total < 0)
    return out[inverse.reshape(-1)]


def combination(factors, vectors):
    """sum_k factors_k vectors_k, exactly; factors are numbers of any kind."""
    total = {}
    for factor, vector in zip(factors, vectors, strict=True):
        factor = Fraction(factor)
        for position, value in vector.items():
            total[position] = total.get(position, 0) + factor * value
    return {position: value for position, value in total.items() if value}


def to_floats(v, q):
    """An exact vector as float64 of length q, scaled to a largest entry of 1."""
    out = np.zeros(q)
    largest = max(map(abs, v.values()), default=Fraction(1))
    for position, value in v.items():
        out[position] = float(value / largest)
    return out


def relation(system, rows, j, columns, guess):
    """The exact ``v = e_j - sum_k c_k e_columns[k]`` that is zero on the rows; None if none is.

    `guess` holds c to floating-point accuracy: simple fractions near it are tried first, then the
    solution of as many rows as there are columns.
    """
    simple = {}
    for k, value in zip(columns, guess, strict=True):
        nearest = Fraction(float(value)).limit_denominator(60)
        if abs(float(nearest) - value) > 1e-6 * max(1.0, abs(value)):
            break
        if nearest:
            simple[k] = -nearest
    else:
        simple[j] = Fraction(1)
        if _vanishes(system, rows, simple):
            return simple
    solved = _solve_on_rows(system.X, rows, j, columns)
    return solved if solved is not None and _vanishes(system, rows, solved) else None


def _vanishes(system, rows, v):
    outcome = system.signs(v, rows)
    return outcome is not None and not outcome.any()


def _solve_on_rows(X, rows, j, columns):
    """As `relation`, from independent rows alone."""
    from scipy.linalg import qr

    if len(columns) > LARGEST_SYSTEM:
        return None
    if not columns:
        return {j: Fraction(1)}
    index = np.flatnonzero(rows)
    if len(index) > 4000:
        index = index[np.linspace(0, len(index) - 1, 4000).astype(int)]
    values = dense_columns(X, [*columns, j], index)
    scale = np.abs(values[:, :-1]).max(axis=0)
    if not scale.all():
        return None
    pivots = qr((values[:, :-1] / scale).T, mode="r", pivoting=True)[1][: len(columns)]
    if len(pivots) < len(columns):
        return None
    solution = _solve([[Fraction(x) for x in row] for row in values[pivots].tolist()])
    if solution is None:
        return None
    v = {k: -c for k, c in zip(columns, solution, strict=True) if c}
    v[j] = Fraction(1)
    return v


def _solve(augmented):
    """The solution of a square system of fractions, right side last; None if it is singular.

    Fraction-free elimination (Bareiss, "Sylvester's identity and multistep integer-preserving
    Gaussian elimination", 1968): entries stay as short as determinants are.
    """
    system = []
    for row in augmented:
        common = lcm(*(x.denominator for x in row))
        system.append([int(x * common) for x in row])
    size, before = len(system), 1
    for k in range(size):
        pivot = next((i for i in range(k, size) if system[i][k]), None)
        if pivot is None:
            return None
        system[k], system[pivot] = system[pivot], system[k]
        top = system[k]
        for i in range(size):
            if i != k:
                row = system[i]
                factor = row[k]
                system[i] = [
                    (top[k] * x - factor * t) // before for x, t in zip(row, top, strict=True)
                ]
        before = top[k]
    return [Fraction(row[-1], row[k]) for k, row in enumerate(system)]
