# Copies of some columns of a matrix, to which others can be added; a part of core.pyx.

ctypedef fused number:
    double
    float


cdef void copy_dense(const flr_matrix *x, const int64_t[::1] columns, const number *values,
                     number *out, Py_ssize_t out_down, Py_ssize_t out_across) noexcept nogil:
    """out[i, k] = x[i, columns[k]]"""
    cdef Py_ssize_t down = x.ld if x.layout == FLR_DENSE_C else 1, i, k
    cdef Py_ssize_t across = 1 if x.layout == FLR_DENSE_C else x.ld
    for i in range(x.n):
        for k in range(columns.shape[0]):
            out[i * out_down + k * out_across] = values[i * down + columns[k] * across]


cdef object with_room(array, Py_ssize_t used, Py_ssize_t needed, kind):
    """The array, or a larger one that begins with what is used of it.

    Memory that is not written to costs nothing.
    """
    import numpy as np

    if array is not None and len(array) >= needed:
        return array
    grown = np.empty(needed + needed // 2 + 64, dtype=kind)
    if array is not None:
        grown[:used] = array[:used]
    return grown


cdef class Columns:
    """Columns of a matrix, copied: dense ones by row, or with `by_column` by column; sparse as CSC.

    Others can be added; a `matrix` of those that were there before stays what it was.
    """

    cdef readonly Matrix source
    cdef readonly Py_ssize_t count
    cdef bint by_column
    cdef object values, index, start
    cdef flr_matrix m

    def __init__(self, Matrix source, bint by_column=False):
        self.source, self.by_column = source, by_column
        if source.m.layout in (FLR_CSR, FLR_CSC) and not by_column:
            raise ValueError("columns of sparse X are copied by column only")
        self.m.n, self.m.is_float = source.m.n, source.m.is_float

    @property
    def matrix(self):
        """A `Matrix` of those that are there."""
        cdef Matrix matrix = Matrix.__new__(Matrix)
        if not self.count:
            raise ValueError("no columns were added")
        matrix.m, matrix.held = self.m, (self.values, self.index, self.start)
        matrix.m.p = self.count
        matrix.layout = ("C", "F", "CSR", "CSC")[self.m.layout]
        matrix.shape = (self.m.n, self.count)
        return matrix

    def add(self, const int64_t[::1] columns, int n_threads=1):
        """Copy these columns behind those that are there."""
        cdef Py_ssize_t k, p = self.source.m.p
        for k in range(columns.shape[0]):
            if not 0 <= columns[k] < p:
                raise ValueError(f"column {columns[k]} is outside of X with {p} columns")
        if not columns.shape[0] or not self.m.n:
            pass
        elif self.source.m.layout in (FLR_DENSE_C, FLR_DENSE_F):
            self.add_dense(columns)
        elif self.source.m.layout == FLR_CSR:
            self.add_rows(columns, n_threads)
        else:
            self.add_columns(columns)
        self.count += columns.shape[0]

    cdef int add_dense(self, const int64_t[::1] columns) except -1:
        cdef const flr_matrix *x = &self.source.m
        cdef Py_ssize_t before = self.count, needed = before + columns.shape[0], across, down, at
        cdef double[:, ::1] d
        cdef float[:, ::1] f
        if self.values is None or needed > self.values.shape[0 if self.by_column else 1]:
            self.values = self.larger_dense(before, needed)
        self.m.layout = FLR_DENSE_F if self.by_column else FLR_DENSE_C
        self.m.ld = self.values.shape[1]
        down = 1 if self.by_column else self.m.ld
        across = self.m.ld if self.by_column else 1
        at = before * across
        if x.is_float:
            f = self.values
            self.m.values = &f[0, 0]
            copy_dense(x, columns, <const float *>x.values, &f[0, 0] + at, down, across)
        else:
            d = self.values
            self.m.values = &d[0, 0]
            copy_dense(x, columns, <const double *>x.values, &d[0, 0] + at, down, across)
        return 0

    cdef object larger_dense(self, Py_ssize_t before, Py_ssize_t needed):
        """Room for twice the columns needed, with those that are there."""
        import numpy as np

        cdef Py_ssize_t n = self.m.n, room = max(needed, min(self.source.m.p, max(64, 2 * needed)))
        kind = "f" if self.m.is_float else "d"
        if self.by_column:
            grown = np.empty((room, n), dtype=kind)
            if before:
                grown[:before] = self.values[:before]
            return grown
        grown = np.empty((n, room), dtype=kind)
        if before:
            grown[:, :before] = self.values[:, :before]
        return grown

    cdef int64_t make_room(self, Py_ssize_t more_columns) except -1:
        """Have `start` go on for so many columns; how many values are stored so far."""
        cdef int64_t[::1] start
        self.start = with_room(self.start, self.count + 1, self.count + more_columns + 1, "q")
        start = self.start
        if not self.count:
            start[0] = 0
        self.m.layout, self.m.start = FLR_CSC, &start[0]
        return start[self.count]

    cdef int make_room_for_values(self, int64_t before, int64_t needed) except -1:
        cdef int32_t[::1] index
        cdef double[::1] d
        cdef float[::1] f
        self.index = with_room(self.index, before, needed, "i")
        index = self.index
        self.m.index = &index[0]
        if self.source.m.values == NULL:
            return 0
        self.values = with_room(self.values, before, needed, "f" if self.m.is_float else "d")
        if self.m.is_float:
            f = self.values
            self.m.values = &f[0]
        else:
            d = self.values
            self.m.values = &d[0]
        return 0

    cdef int add_rows(self, const int64_t[::1] columns, int n_threads) except -1:
        """Of CSR."""
        import numpy as np

        cdef flr_columns_pick pick
        cdef Py_ssize_t k, count = columns.shape[0]
        cdef const flr_matrix *x = &self.source.m
        cdef int64_t before = self.make_room(count)
        cdef int outcome
        cdef int64_t *start = <int64_t *>self.m.start + self.count
        positions = np.full(x.p, -1, dtype=np.int32)
        places = np.empty(FLR_COLUMN_TASKS * count, dtype=np.int64)
        cdef int32_t[::1] position = positions
        cdef int64_t[::1] place = places
        for k in range(count):
            if position[columns[k]] >= 0:
                raise ValueError(f"column {columns[k]} is asked for twice")
            position[columns[k]] = <int32_t>k
        pick.x, pick.position, pick.count, pick.places = x, &position[0], count, &place[0]
        with nogil:
            outcome = flr_count_columns(&pick, start, executor(n_threads))
        check(outcome)
        self.make_room_for_values(before, start[count])
        pick.index, pick.values = <int32_t *>self.m.index, <void *>self.m.values
        with nogil:
            outcome = flr_pick_columns(&pick, executor(n_threads))
        check(outcome)
        return 0

    cdef int add_columns(self, const int64_t[::1] columns) except -1:
        """Of CSC."""
        cdef const flr_matrix *x = &self.source.m
        cdef Py_ssize_t k, count = columns.shape[0], size = 4 if x.is_float else 8
        cdef int64_t before = self.make_room(count), first, length
        cdef int64_t *start = <int64_t *>self.m.start + self.count
        for k in range(count):
            start[k + 1] = start[k] + x.start[columns[k] + 1] - x.start[columns[k]]
        self.make_room_for_values(before, start[count])
        for k in range(count):
            first, length = x.start[columns[k]], start[k + 1] - start[k]
            memcpy(<int32_t *>self.m.index + start[k], x.index + first, length * sizeof(int32_t))
            if x.values != NULL:
                memcpy(<char *>self.m.values + size * start[k],
                       <const char *>x.values + size * first, length * size)
        return 0
