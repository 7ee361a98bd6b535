# The data: buffers of a matrix, held and checked; a part of core.pyx.

cdef flr_matrix part_of_dense(flr_matrix x, Py_ssize_t begin, Py_ssize_t count) noexcept nogil:
    """Columns from `begin` on of dense x."""
    cdef Py_ssize_t offset = begin * (1 if x.layout == FLR_DENSE_C else x.ld)
    x.p = count
    if x.values != NULL:
        x.values = <const char *>x.values + offset * (4 if x.is_float else 8)
    return x


cdef class Matrix:
    """Buffers of a read-only n-by-p matrix, dense (rows or columns contiguous) or sparse."""

    cdef flr_matrix m
    cdef object held
    cdef readonly str layout
    cdef readonly tuple shape

    @staticmethod
    def dense(x):
        """From a two-dimensional float32 or float64 array with unit stride along one axis."""
        cdef Matrix self = Matrix.__new__(Matrix)
        cdef const double[:, :] d
        cdef const float[:, :] f
        cdef Py_ssize_t size, s0, s1
        if x.dtype.char == "d":
            d = x
            self.held = d
            size, s0, s1 = 8, d.strides[0], d.strides[1]
            self.m.n, self.m.p = d.shape[0], d.shape[1]
            self.m.values = <const void *>&d[0, 0] if d.shape[0] and d.shape[1] else NULL
        else:
            f = x
            self.held = f
            size, s0, s1 = 4, f.strides[0], f.strides[1]
            self.m.n, self.m.p = f.shape[0], f.shape[1]
            self.m.is_float = 1
            self.m.values = <const void *>&f[0, 0] if f.shape[0] and f.shape[1] else NULL
        if (s1 == size or self.m.p == 1) and s0 % size == 0:
            self.m.layout, self.m.ld, self.layout = FLR_DENSE_C, s0 // size, "C"
        elif (s0 == size or self.m.n == 1) and s1 % size == 0:
            self.m.layout, self.m.ld, self.layout = FLR_DENSE_F, s1 // size, "F"
        else:
            raise ValueError("neither rows nor columns of X are contiguous")
        self.shape = (self.m.n, self.m.p)
        return self

    def transposed(self):
        """The same buffer read as the p-by-n transpose; dense only."""
        cdef Matrix other = Matrix.__new__(Matrix)
        if self.m.layout not in (FLR_DENSE_C, FLR_DENSE_F):
            raise ValueError("only a dense matrix is transposed without a copy")
        other.held, other.m = self.held, self.m
        other.m.n, other.m.p = self.m.p, self.m.n
        other.m.layout = FLR_DENSE_F if self.m.layout == FLR_DENSE_C else FLR_DENSE_C
        other.layout = "F" if self.layout == "C" else "C"
        other.shape = (other.m.n, other.m.p)
        return other

    @staticmethod
    def sparse(values, const int32_t[::1] index, const int64_t[::1] start, shape, bint by_row):
        """From CSR (by_row) or CSC arrays; values None means all ones. Checks every index."""
        cdef Matrix self = Matrix.__new__(Matrix)
        cdef const double[::1] d
        cdef const float[::1] f
        cdef Py_ssize_t stored = index.shape[0], lines, across, k
        cdef int good = 1
        self.m.n, self.m.p = shape
        lines, across = (self.m.n, self.m.p) if by_row else (self.m.p, self.m.n)
        if start.shape[0] != lines + 1:
            raise ValueError(f"indptr of X has {start.shape[0]} entries, {lines + 1} expected")
        if values is not None:
            if values.dtype.char == "d":
                d = values
                same_length(stored, d.shape[0])
                self.m.values = <const void *>&d[0] if stored else NULL
                self.held = (d, index, start)
            else:
                f = values
                same_length(stored, f.shape[0])
                self.m.is_float = 1
                self.m.values = <const void *>&f[0] if stored else NULL
                self.held = (f, index, start)
        else:
            self.held = (index, start)
        with nogil:
            good &= (start[0] >= 0) & (start[lines] <= stored)
            for k in range(lines):
                good &= start[k] <= start[k + 1]
            for k in range(stored):
                good &= (index[k] >= 0) & (index[k] < across)
        if not good:
            raise ValueError("X is not a valid sparse matrix: an index is out of its bounds")
        self.m.index = &index[0] if stored else NULL
        self.m.start = &start[0]
        self.m.layout = FLR_CSR if by_row else FLR_CSC
        self.layout = "CSR" if by_row else "CSC"
        self.shape = (self.m.n, self.m.p)
        return self


def pick_columns(const int64_t[::1] start, const int32_t[::1] index, values,
                 const int32_t[::1] position):
    """The CSR arrays (start, index, values) of some columns of a CSR matrix.

    position (p,): where a column goes, -1 for nowhere. `values` is float32 or float64.
    """
    import numpy as np

    cdef Py_ssize_t n = start.shape[0] - 1, p = position.shape[0], i, k, count = 0
    cdef Py_ssize_t stored = index.shape[0]
    cdef int32_t to
    cdef bint single = values.dtype.char == "f"
    cdef const double[::1] d
    cdef const float[::1] f
    cdef double[::1] d_out
    cdef float[::1] f_out
    same_length(stored, values.shape[0])
    if n < 0 or start[0] < 0 or start[n] > stored:
        raise ValueError("indptr and indices do not fit together")
    # room for all: what is not written to takes no memory
    starts, indices = np.empty(n + 1, dtype=np.int64), np.empty(stored + 1, dtype=np.int32)
    picked = np.empty(stored + 1, dtype=values.dtype)
    cdef int64_t[::1] start_out = starts
    cdef int32_t[::1] index_out = indices
    if single:
        f, f_out = values, picked
    else:
        d, d_out = values, picked
    with nogil:
        for i in range(n):
            start_out[i] = count
            if start[i] > start[i + 1]:
                with gil:
                    raise ValueError("indptr falls")
            for k in range(start[i], start[i + 1]):
                if not 0 <= index[k] < p:
                    with gil:
                        raise ValueError("an index is out of its bounds")
                to = index_out[count] = position[index[k]]
                if single:
                    f_out[count] = f[k]
                else:
                    d_out[count] = d[k]
                count += to >= 0  # else the next one goes there
        start_out[n] = count
    return starts, indices[:count].copy(), picked[:count].copy()
