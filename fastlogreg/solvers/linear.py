"""Solves with a symmetric positive (semi)definite matrix, equilibrated."""

import numpy as np

from fastlogreg._kernels.core import Cholesky


class Inverse:
    """(A)^{-1} v for a symmetric A of q columns, or its pseudo-inverse where A is singular.

    Columns are scaled to a unit diagonal first, so neither their units nor zero columns matter.

    Attributes
    ----------
    rank : int
        Numerical rank; q if the Cholesky factorisation went through.
    null : ndarray of shape (q, q - rank)
        Spans the directions that A does not see.

    Raises
    ------
    FloatingPointError
        The matrix holds an infinity or NaN.
    """

    def __init__(self, matrix):
        diagonal = matrix.diagonal()
        if not np.isfinite(diagonal).all():
            raise FloatingPointError("squares of the columns overflow")
        q = len(diagonal)
        self.rank, self.null = q, np.empty((q, 0))
        self._factor = Cholesky(np.ascontiguousarray(matrix))
        if not self._factor.ok:
            self._decompose(matrix, diagonal)

    def _decompose(self, matrix, diagonal):
        live = diagonal > 0
        scale = np.ones(len(diagonal))
        scale[live] = 1.0 / np.sqrt(diagonal[live])
        values, vectors = np.linalg.eigh(matrix * scale * scale[:, None])
        keep = values > values.max(initial=0.0) * 20.0 * len(scale) * np.finfo(float).eps
        self.rank = int(keep.sum())
        self.null = scale[:, None] * vectors[:, ~keep]
        vectors = scale[:, None] * vectors[:, keep]
        self._factor = None
        self._inverse = (vectors / values[keep]) @ vectors.T

    def __call__(self, v):
        """The inverse's product with v."""
        if self._factor is None:
            return self._inverse @ v
        x = np.array(v)
        self._factor.solve(x)
        return x
