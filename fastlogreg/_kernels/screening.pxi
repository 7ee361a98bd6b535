# Which columns' products exceed their thresholds; a part of core.pyx.


def exceeding(const double[::1] products, const double[::1] level, const uint8_t[::1] inside,
              int64_t[::1] out, double slack=0.0, const double[::1] norms=None):
    """Write the j outside with ``|products_j| + slack * norms_j > level_j`` to out; how many.

    `level` has an entry a column, or one for all; norms None stand for zeros. `inside` marks the
    columns that do not count.
    """
    cdef Py_ssize_t j, p = products.shape[0], count = 0, stride = level.shape[0] != 1
    cdef const double *norm = NULL
    cdef double size
    if stride:
        same_length(level.shape[0], p)
    same_length(inside.shape[0], p)
    same_length(out.shape[0], p)
    if norms is not None:
        same_length(norms.shape[0], p)
        norm = &norms[0] if p else NULL
    with nogil:
        for j in range(p):
            size = fabs(products[j]) + (slack * norm[j] if norm else 0.0)
            if size > level[j * stride] and not inside[j]:
                out[count] = j
                count += 1
    return count
