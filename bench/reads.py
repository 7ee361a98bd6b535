"""The unit of all costs: one read of the memory that holds X."""

import numpy as np
from scipy import sparse

try:
    from fastlogreg._kernels.core import read_sum
except ImportError:
    read_sum = None

# NumPy's sum reaches a third of the memory's speed, so ratios to it flatter: the table says which.
UNIT = "a two-thread vector sum" if read_sum else "numpy.sum: TOO SLOW A UNIT, FLATTERS"


def memory_of(X):
    """The contiguous arrays that hold X, each flattened without a copy."""
    arrays = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    return [array.ravel(order="K") for array in arrays]


def bytes_of(X):
    return sum(array.nbytes for array in memory_of(X))


def one_read(X, n_threads=2):
    """Sum over all of X's memory, as fast as this machine can; returns the sum."""
    total = 0.0
    for array in memory_of(X):
        if read_sum is None:
            total += float(np.sum(array))
            continue
        usable = array.nbytes // 8 * 8  # indices and float32 are read as the doubles they fill
        words = array.view(np.uint8)[:usable].view(np.float64)
        total += read_sum(words, n_threads)
    return total
