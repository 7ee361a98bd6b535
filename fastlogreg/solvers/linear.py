"""Solves with a symmetric positive (semi)definite matrix, equilibrated."""

import numpy as np
from scipy.linalg import lapack


class Inverse:
    """(A)^{-1} v for a symmetric A of q columns, or its pseudo-inverse where A is singular.

    Columns are scaled to a unit diagonal first, so neither their units nor zero columns matter.

    Attributes
    ----------
    rank : int
        Numerical rank; q if the Cholesky factorisation went through.
    """

    def __init__(self, matrix):
        diagonal = matrix.diagonal().copy()
        scale = np.where(diagonal > 0, 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 1.0)
        scaled = matrix * scale * scale[:, None]
        q = len(scale)
        dead = diagonal <= 0
        if dead.any():
            scaled[dead, :] = scaled[:, dead] = 0.0
            scaled[dead, dead] = 1.0
        self.scale, self.rank = scale, q
        self.null = np.empty((q, 0))
        # an upper Cholesky of the C-ordered matrix is LAPACK's lower one, without a copy
        factor, info = lapack.dpotrf(scaled.T, lower=1, overwrite_a=0, clean=0)
        if info == 0 and np.square(factor.diagonal()).min() > 20.0 * q * np.finfo(float).eps:
            inverse, info = lapack.dpotri(factor, lower=1, overwrite_c=1)
            inverse = np.tril(inverse) + np.tril(inverse, -1).T
            self._inverse = inverse
            return
        values, vectors = np.linalg.eigh(scaled)
        keep = values > values[-1] * 20.0 * q * np.finfo(float).eps
        self.rank = int(keep.sum())
        self.null = scale[:, None] * vectors[:, ~keep]
        vectors = vectors[:, keep]
        self._inverse = (vectors / values[keep]) @ vectors.T

    def __call__(self, v):
        return self.scale * (self._inverse @ (self.scale * v))
