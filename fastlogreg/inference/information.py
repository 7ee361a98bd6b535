"""What an information matrix determines, and the inverse of one that determines all."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular


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
