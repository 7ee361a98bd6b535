# Factorisation, coordinate step and symmetric matrices; a part of core.pyx.

cdef class Cholesky:
    """Factor of a symmetric positive definite matrix (upper triangle read), equilibrated.

    `ok` is False, and `solve` refuses, where a pivot is lost to rounding.
    """

    cdef double *memory
    cdef Py_ssize_t q
    cdef readonly bint ok

    def __cinit__(self, const double[:, ::1] a):
        cdef Py_ssize_t q = a.shape[0], side = flr_padded(a.shape[0]), i
        same_length(q, a.shape[1])
        self.q = q
        self.memory = <double *>malloc((side * side + side + flr_gram_scratch(q)) * sizeof(double))
        if self.memory == NULL:
            raise MemoryError("no memory for a factorisation")
        for i in range(q):
            memcpy(self.memory + side + i * side, &a[i, 0], q * sizeof(double))
        with nogil:
            self.ok = flr_active().cholesky(q, side, self.memory + side, self.memory,
                                            self.memory + side + side * side)

    def __dealloc__(self):
        free(self.memory)

    def solve(self, double[::1] x):
        """x := (matrix)^{-1} x."""
        cdef Py_ssize_t side = flr_padded(self.q)
        same_length(x.shape[0], self.q)
        if not self.ok:
            raise ValueError("the matrix was not positive definite")
        if self.q:
            with nogil:
                flr_active().cholesky_solve(self.q, side, self.memory + side, self.memory, &x[0])

    def inverse_factor(self, double[:, ::1] out):
        """out (Q, Q), Q = `padded(q)`: upper triangular F with F F' the inverse of the matrix."""
        cdef Py_ssize_t side = flr_padded(self.q)
        same_length(out.shape[0], side)
        same_length(out.shape[1], side)
        if not self.ok:
            raise ValueError("the matrix was not positive definite")
        if self.q:
            with nogil:
                flr_active().cholesky_invert(self.q, side, self.memory + side, self.memory,
                                             &out[0, 0])


cdef const double *optional(const double[::1] values, Py_ssize_t q) except? NULL:
    if values is None or q == 0:
        return NULL
    same_length(values.shape[0], q)
    return &values[0]


def coordinate_sweep(const double[:, ::1] hessian, double[::1] w, double[::1] slope,
                     const double[::1] l1=None, const double[::1] l2=None,
                     const double[::1] lower=None, const double[::1] upper=None):
    """One cycle of coordinate descent; w and slope are updated, see reference.coordinate_sweep.

    hessian (q, q) symmetric; slope (q,) the quadratic's gradient at w. Returns the largest
    (H_jj + l2_j) * change_j^2.
    """
    cdef Py_ssize_t q = w.shape[0]
    cdef const double *a = optional(l1, q)
    cdef const double *b = optional(l2, q)
    cdef const double *c = optional(lower, q)
    cdef const double *e = optional(upper, q)
    cdef double largest = 0.0
    same_length(hessian.shape[0], q)
    same_length(hessian.shape[1], q)
    same_length(slope.shape[0], q)
    if q:
        with nogil:
            largest = flr_active().coordinate_sweep(q, q, &hessian[0, 0], a, b, c, e, &w[0],
                                                    &slope[0])
    return largest


def symmetrise(const double[:, ::1] upper, double scale, const double[::1] ridge,
               double[:, ::1] out):
    """out = scale * (the symmetric matrix of that upper triangle) + diag(ridge)."""
    cdef Py_ssize_t q = ridge.shape[0], i, j, a, b
    same_length(out.shape[0], q)
    same_length(out.shape[1], q)
    if upper.shape[0] < q or upper.shape[1] < q:
        raise ValueError(f"a matrix of {upper.shape[0]} rows has no {q} x {q} corner")
    with nogil:
        for a in range(0, q, 16):  # blocks, so that both triangles are walked in cache
            for b in range(a, q, 16):
                for i in range(a, min(a + 16, q)):
                    for j in range(max(i, b), min(b + 16, q)):
                        out[i, j] = out[j, i] = scale * upper[i, j]
        for i in range(q):
            out[i, i] += ridge[i]
