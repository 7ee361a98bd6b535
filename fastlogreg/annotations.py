"""Types of arguments and results, as the public signatures name them."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Sparse(Protocol):
    """A matrix or array of scipy.sparse."""

    @property
    def nnz(self) -> int:
        """Number of stored values."""

    def tocsr(self, copy: bool = False) -> Any:
        """The same by rows."""


Array: TypeAlias = NDArray[Any]
MatrixLike: TypeAlias = ArrayLike | Sparse
Bounds: TypeAlias = tuple[ArrayLike | None, ArrayLike | None] | None
ColumnBounds: TypeAlias = Mapping[Any, tuple[float | None, float | None]] | Bounds
ColumnFactors: TypeAlias = Mapping[Any, float] | ArrayLike | None
Doubles: TypeAlias = NDArray[np.float64]
