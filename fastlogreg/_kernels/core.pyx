# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, freethreading_compatible=True
"""The compiled kernels for Python: shapes checked, buffers held, the GIL released.

No arithmetic happens here.  A `Matrix` holds the buffers of X, a `Problem` adds targets, weights
and offset; both are immutable.  Sums are raw: weighted, not divided by the sum of weights.
"""

from libc.math cimport sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cdef extern from "flr.h" nogil:
    enum:
        FLR_DENSE_C, FLR_DENSE_F, FLR_CSR, FLR_CSC
        FLR_SCORE, FLR_SCORE_F32, FLR_PROBA, FLR_PROBA_F32
    ctypedef struct flr_matrix:
        int layout, is_float
        Py_ssize_t n, p, ld
        const void *values
        const int32_t *index
        const int64_t *start
    ctypedef struct flr_problem:
        flr_matrix x
        Py_ssize_t n
        const int64_t *rows
        const uint8_t *label
        const double *target
        const double *weight
        const double *offset
        int intercept
    ctypedef struct flr_point:
        const double *coef
        double intercept, loss
        double *gradient
        double *hessian
        double *residual
        double *curvature
        double *score
    ctypedef struct flr_firth_point:
        flr_point at
        int known
        const double *factor
        double *leverage
        double *pull
    ctypedef struct flr_newton_job:
        double alpha, total_weight, tol
        int max_iter, sample_first, rough
        double *theta
        double *workspace
        double objective, gap, gradient_max
        int status, n_iter
    ctypedef struct flr_table:
        const char *name
        void sigmoid(Py_ssize_t, const double *, double *) noexcept nogil
        void sigmoid_f32(Py_ssize_t, const float *, float *) noexcept nogil
        void softplus(Py_ssize_t, const double *, double, double *) noexcept nogil
        void softplus_f32(Py_ssize_t, const float *, float, float *) noexcept nogil
        int encode(Py_ssize_t, const double *, double, double, uint8_t *) noexcept nogil
        void cross_entropy(Py_ssize_t, const double *, const double *, double *) noexcept nogil
        double weighted_log_loss(Py_ssize_t, const double *, const double *,
                                 const double *) noexcept nogil
        double loss_rows(const flr_problem *, Py_ssize_t, Py_ssize_t, const double *, double *,
                         double *) noexcept nogil
        void newton(const flr_problem *, flr_newton_job *) noexcept nogil
        double dot(Py_ssize_t, const double *, const double *) noexcept nogil
        void add_scaled(Py_ssize_t, double, const double *, double *) noexcept nogil
        void product(Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *, Py_ssize_t, const double *,
                     Py_ssize_t, double *, Py_ssize_t) noexcept nogil
        double coordinate_sweep(Py_ssize_t, Py_ssize_t, const double *, const double *,
                                const double *, const double *, const double *, double *,
                                double *) noexcept nogil
        void collect_some(const flr_matrix *, const double *, Py_ssize_t, const int64_t *,
                          double *) noexcept nogil
        void dual_gap_rows(const flr_problem *, Py_ssize_t, Py_ssize_t, const double *,
                           const double *, const double *, double *) noexcept nogil
        int cholesky(Py_ssize_t, Py_ssize_t, double *, double *, double *) noexcept nogil
        void cholesky_solve(Py_ssize_t, Py_ssize_t, const double *, const double *,
                            double *) noexcept nogil
        void cholesky_invert(Py_ssize_t, Py_ssize_t, const double *, const double *,
                             double *) noexcept nogil
    ctypedef struct flr_softmax:
        flr_problem rows
        Py_ssize_t K
        const int32_t *label
        const double *target
        const double *offset
    Py_ssize_t flr_padded(Py_ssize_t) noexcept
    size_t flr_gram_scratch(Py_ssize_t) noexcept
    size_t flr_newton_memory(Py_ssize_t, Py_ssize_t) noexcept
    const flr_table *flr_active() noexcept
    int flr_select(const char *) noexcept
    int flr_available(const char *) noexcept

cdef extern from "run.h" nogil:
    ctypedef int (*flr_poll)() noexcept nogil
    ctypedef struct flr_executor:
        int n_threads
        flr_poll poll
    int flr_run_evaluate(const flr_problem *, flr_point *, flr_executor) noexcept
    int flr_run_firth_score(const flr_problem *, flr_firth_point *, flr_executor) noexcept
    int flr_run_curved_product(const flr_problem *, const double *, const double *, double,
                               double *, flr_executor) noexcept
    int flr_run_collect(const flr_problem *, const double *, int, double *, flr_executor) noexcept
    int flr_run_gram(const flr_problem *, const double *, int, Py_ssize_t, double *,
                     flr_executor) noexcept
    int flr_run_predict(const flr_problem *, const double *, double, int, void *,
                        flr_executor) noexcept
    int flr_run_dual_gap(const flr_problem *, const double *, double, const double *, double,
                         const double *, double *, flr_executor) noexcept
    double flr_run_sum(const double *, Py_ssize_t, flr_executor) noexcept

cdef extern from "proximal.h" nogil:
    ctypedef struct flr_proximal:
        flr_problem pb
        Py_ssize_t capacity, built
        double *coef
        double *gradient
        double *step
        double intercept, gradient_b, step_b
        double *score
        double *residual
        double *curvature
        double *along
        double loss
        double *moves
        double *gram
        double *diagonal
        double *cross
        double *work
        double total
        int thin
        flr_problem thin_pb
        const int64_t *thin_rows
        const double *thin_factor
        double *thin_moves
        const double *l1
        const double *l2
        const double *lower
        const double *upper
        double decrease, least, exact
        int max_iter, n_iter, single, status, pause, paused
    int flr_run_proximal(flr_proximal *, flr_executor) noexcept

cdef extern from "softmax.h" nogil:
    ctypedef struct flr_softmax_job:
        const double *ridge
        double total_weight, tol
        int max_iter
        Py_ssize_t reference
        double *theta
        double objective, gap, gradient_max
        int status, n_iter
    int flr_run_softmax(const flr_softmax *, const double *, double *, double *, double *,
                        flr_executor) noexcept
    int flr_run_softmax_curved(const flr_softmax *, const double *, const double *, double *,
                               flr_executor) noexcept
    int flr_run_softmax_dual_gap(const flr_softmax *, const double *, const double *, double *,
                                 flr_executor) noexcept
    int flr_run_softmax_predict(const flr_softmax *, const double *, int, void *,
                                flr_executor) noexcept
    int flr_softmax_newton(const flr_softmax *, flr_softmax_job *, flr_executor) noexcept

cdef extern from "firth.h" nogil:
    ctypedef struct flr_firth:
        const flr_problem *pb
        double power, tol
        int max_iter, sample_first
        const uint8_t *fixed
        double *theta
        double *factor
        double *gradient
        double loss, log_determinant, step
        int status, n_iter
    int flr_run_firth(flr_firth *, flr_executor) noexcept

cdef extern from *:
    """
    static void flr_raise_pending(void) {}
    #if defined(__clang__)
    #define FLR_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define FLR_COMPILER "gcc " __VERSION__
    #elif defined(_MSC_VER)
    #define FLR_COMPILER "msvc"
    #else
    #define FLR_COMPILER "unknown"
    #endif
    """
    const char *FLR_COMPILER
    int PyErr_CheckSignals() noexcept
    void flr_raise_pending() except *


cdef int poll() noexcept nogil:
    with gil:
        return PyErr_CheckSignals()


cdef inline flr_executor executor(int n_threads) noexcept nogil:
    cdef flr_executor ex
    ex.n_threads = n_threads
    ex.poll = poll
    return ex


cdef int check(int outcome) except -1:
    if outcome == -2:
        flr_raise_pending()
        raise KeyboardInterrupt
    if outcome:
        raise MemoryError("no memory for the sums of a pass over the data")
    return 0


# ---------------------------------------------------------------------- instruction sets

def level():
    """Name of the instruction set in use."""
    return flr_active().name.decode()


def compiler():
    """The compiler that built this module."""
    return FLR_COMPILER.decode()


def available_levels():
    """Instruction sets that this build and this machine have, slowest first."""
    return [name for name in ("baseline", "avx2", "avx512") if flr_available(name.encode())]


def select_level(str name):
    """Use an instruction set from now on; ValueError if it is not there."""
    if flr_select(name.encode()):
        raise ValueError(
            f"instruction set {name!r} is not available here; choose one of {available_levels()}"
        )


include "vectors.pxi"
include "linear.pxi"


ctypedef fused label_type:
    int64_t
    int32_t
    uint8_t
    double
    float


def encode_labels(const label_type[:] y, label_type zero, label_type one, uint8_t[::1] out):
    """out[i] = y[i] == one; False, out unfinished, if a value is neither `zero` nor `one`."""
    cdef Py_ssize_t i, n = y.shape[0]
    cdef int good = 1
    same_length(n, out.shape[0])
    if label_type is double:
        if n and y.strides[0] == sizeof(double):
            with nogil:
                good = flr_active().encode(n, &y[0], zero, one, &out[0])
            return bool(good)
    with nogil:
        for i in range(n):
            out[i] = y[i] == one
            good &= (y[i] == zero) | (y[i] == one)
    return bool(good)


# ---------------------------------------------------------------------- the data

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
    cdef int32_t to
    cdef const double[::1] d
    cdef const float[::1] f
    cdef double[::1] d_out
    cdef float[::1] f_out
    cdef int64_t[::1] start_out
    cdef int32_t[::1] index_out
    cdef bint single = values.dtype.char == "f"
    same_length(index.shape[0], values.shape[0])
    if n < 0 or start[0] < 0 or start[n] > index.shape[0]:
        raise ValueError("indptr and indices do not fit together")
    with nogil:
        for i in range(n):
            for k in range(start[i], min(start[i + 1], start[n])):
                if not 0 <= index[k] < p:
                    with gil:
                        raise ValueError("an index is out of its bounds")
                count += position[index[k]] >= 0
    starts = np.empty(n + 1, dtype=np.int64)
    indices = np.empty(count, dtype=np.int32)
    picked = np.empty(count, dtype=values.dtype)
    start_out, index_out = starts, indices
    if single:
        f, f_out = values, picked
    else:
        d, d_out = values, picked
    count = 0
    with nogil:
        for i in range(n):
            start_out[i] = count
            for k in range(start[i], min(start[i + 1], start[n])):
                to = position[index[k]]
                if to >= 0:
                    index_out[count] = to
                    if single:
                        f_out[count] = f[k]
                    else:
                        d_out[count] = d[k]
                    count += 1
        start_out[n] = count
    return starts, indices, picked


cdef class Vector:
    """Coefficients copied behind zero padding, as the kernels read them."""

    cdef double *data
    cdef Py_ssize_t p
    cdef double intercept

    def __cinit__(self, const double[::1] theta, Py_ssize_t p, bint intercept):
        same_length(theta.shape[0], p + intercept)
        self.p = p
        self.data = <double *>calloc(flr_padded(p) + 8, sizeof(double))
        if self.data == NULL:
            raise MemoryError
        if p:
            memcpy(self.data, &theta[0], p * sizeof(double))
        self.intercept = theta[p] if intercept else 0.0

    def __dealloc__(self):
        free(self.data)


cdef class Problem:
    """Rows of a matrix with targets, weights and offset: what the fused passes work on.

    Parameters vectors have p + intercept entries, the intercept last.
    """

    cdef flr_problem pb
    cdef readonly Matrix matrix
    cdef object held
    cdef readonly Py_ssize_t n, p, q
    cdef readonly bint intercept

    def __init__(self, Matrix matrix, y, const double[::1] weight=None,
                 const double[::1] offset=None, bint intercept=True, const int64_t[::1] rows=None):
        cdef const uint8_t[::1] label
        cdef const double[::1] target
        cdef Py_ssize_t i
        self.matrix = matrix
        self.pb.x = matrix.m
        self.n = matrix.m.n
        if rows is not None:
            if matrix.m.layout != FLR_DENSE_C:
                raise ValueError("rows can be picked from a row-major matrix only")
            self.n = rows.shape[0]
            for i in range(self.n):
                if rows[i] < 0 or rows[i] >= matrix.m.n:
                    raise ValueError(f"row {rows[i]} is outside of X with {matrix.m.n} rows")
            self.pb.rows = &rows[0] if self.n else NULL
        self.pb.n = self.n
        self.p = matrix.m.p
        self.q = self.p + intercept
        self.intercept = self.pb.intercept = intercept
        if y is None:
            label = target = None
        elif y.dtype.char == "d":
            target, label = y, None
            same_length(self.n, target.shape[0])
            self.pb.target = &target[0] if self.n else NULL
        else:
            label, target = y, None
            same_length(self.n, label.shape[0])
            self.pb.label = &label[0] if self.n else NULL
        if weight is not None:
            same_length(self.n, weight.shape[0])
            self.pb.weight = &weight[0] if self.n else NULL
        if offset is not None:
            same_length(self.n, offset.shape[0])
            self.pb.offset = &offset[0] if self.n else NULL
        self.held = (label, target, weight, offset, rows)

    cdef int needs_targets(self) except -1:
        if self.n and self.pb.label == NULL and self.pb.target == NULL:
            raise ValueError("this problem has no targets")
        return 0

    def evaluate(self, const double[::1] theta, double[::1] gradient=None,
                 double[:, ::1] hessian=None, double[::1] residual=None,
                 double[::1] curvature=None, double[::1] score=None, int n_threads=1):
        """Summed loss at theta; the arrays given are filled.

        gradient (q,), hessian (Q, Q) with Q = `padded(q)` (upper triangle valid), and per row
        residual, curvature, score (n,).
        """
        cdef flr_point at
        cdef int outcome
        cdef Vector vector = Vector(theta, self.p, self.intercept)
        cdef double *buffer = NULL
        self.needs_targets()
        at.coef = vector.data
        at.intercept = vector.intercept
        at.loss = 0.0
        at.gradient = at.hessian = at.residual = at.curvature = at.score = NULL
        if self.n == 0:
            raise ValueError("a problem without rows has no loss")
        if gradient is not None:
            same_length(gradient.shape[0], self.q)
            buffer = <double *>calloc(self.p + 1, sizeof(double))
            if buffer == NULL:
                raise MemoryError
            at.gradient = buffer
        try:
            if hessian is not None:
                if self.pb.x.layout == FLR_CSC:
                    raise ValueError("a Hessian needs a row-wise layout, not CSC")
                same_length(hessian.shape[0], flr_padded(self.q))
                same_length(hessian.shape[1], flr_padded(self.q))
                at.hessian = &hessian[0, 0] if self.q else NULL
            if residual is not None:
                same_length(residual.shape[0], self.n)
                at.residual = &residual[0]
            if curvature is not None:
                same_length(curvature.shape[0], self.n)
                at.curvature = &curvature[0]
            if score is not None:
                same_length(score.shape[0], self.n)
                at.score = &score[0]
            with nogil:
                outcome = flr_run_evaluate(&self.pb, &at, executor(n_threads))
            check(outcome)
            if gradient is not None and self.q:
                memcpy(&gradient[0], buffer, self.q * sizeof(double))
        finally:
            free(buffer)
        return at.loss

    def dual_gap_at(self, const double[::1] z, const double[::1] u, const double[::1] moves):
        """As `dual_gap`, given the scores z and how the step changes them, u."""
        cdef double out[3]
        self.needs_targets()
        same_length(z.shape[0], self.n)
        same_length(u.shape[0], self.n)
        same_length(moves.shape[0], self.n)
        out[0] = out[1] = out[2] = 0.0
        if self.n:
            with nogil:
                flr_active().dual_gap_rows(&self.pb, 0, self.n, &z[0], &u[0], &moves[0], out)
        return out[0], out[1], out[2]

    def losses(self, const double[::1] z, double[::1] residual, double[::1] curvature):
        """Summed loss of the rows at scores z; weighted residuals and curvatures are filled."""
        cdef double loss
        self.needs_targets()
        same_length(z.shape[0], self.n)
        same_length(residual.shape[0], self.n)
        same_length(curvature.shape[0], self.n)
        if self.n == 0:
            return 0.0
        with nogil:
            loss = flr_active().loss_rows(&self.pb, 0, self.n, &z[0], &residual[0], &curvature[0])
        return loss

    def curved_product(self, const double[::1] curvature, const double[::1] v, double[::1] out,
                       int n_threads=1):
        """out = X' diag(curvature) X v over columns and intercept: a Hessian-vector product."""
        cdef Vector vector = Vector(v, self.p, self.intercept)
        cdef Vector result = Vector(v, self.p, self.intercept)
        cdef int outcome
        same_length(curvature.shape[0], self.n)
        same_length(out.shape[0], self.q)
        if self.n == 0 or self.q == 0:
            raise ValueError("an empty problem has no Hessian")
        with nogil:
            outcome = flr_run_curved_product(&self.pb, &curvature[0], vector.data, vector.intercept,
                                             result.data, executor(n_threads))
        check(outcome)
        memcpy(&out[0], result.data, self.q * sizeof(double))

    def collect(self, const double[::1] r, double[::1] out, bint squared=False, int n_threads=1):
        """out_j = sum_i r_i x_ij, or r_i x_ij^2 if squared; the intercept's entry is sum_i r_i."""
        cdef Vector result = Vector(out, self.p, self.intercept)
        cdef int outcome
        same_length(r.shape[0], self.n)
        if self.n == 0 or self.q == 0:
            raise ValueError("an empty problem has no sums")
        with nogil:
            outcome = flr_run_collect(&self.pb, &r[0], squared, result.data, executor(n_threads))
        check(outcome)
        memcpy(&out[0], result.data, self.q * sizeof(double))

    def collect_some(self, const double[::1] r, const int64_t[::1] columns, double[::1] out):
        """out_k = sum_i r_i x_ij for j = columns[k]; dense only, all rows."""
        cdef Py_ssize_t k, count = columns.shape[0]
        same_length(r.shape[0], self.pb.x.n)
        same_length(out.shape[0], count)
        if self.pb.x.layout not in (FLR_DENSE_C, FLR_DENSE_F):
            raise ValueError("single columns are multiplied out of dense X only")
        for k in range(count):
            if not 0 <= columns[k] < self.p:
                raise ValueError(f"column {columns[k]} is outside of X with {self.p} columns")
        if count:
            with nogil:
                flr_active().collect_some(&self.pb.x, &r[0], count, &columns[0], &out[0])

    def dual_gap(self, const double[::1] theta, const double[::1] v, const double[::1] moves=None,
                 int n_threads=1):
        """The certificate's sums at theta for a step v: (cost, reach, fourth-order part).

        The dual point whose means move by curvature * x_i.v (or by moves * x_i.v) exists if reach
        < 1, and then costs at most `cost`; both sums are weighted, not divided by anything.
        """
        cdef Vector point = Vector(theta, self.p, self.intercept)
        cdef Vector vector = Vector(v, self.p, self.intercept)
        cdef const double *m = NULL
        cdef double out[3]
        cdef int outcome
        self.needs_targets()
        if self.n == 0:
            return 0.0, 0.0, 0.0
        if moves is not None:
            same_length(moves.shape[0], self.n)
            m = &moves[0]
        with nogil:
            outcome = flr_run_dual_gap(&self.pb, point.data, point.intercept, vector.data,
                                       vector.intercept, m, out, executor(n_threads))
        check(outcome)
        return out[0], out[1], out[2]

    def gram(self, const double[::1] h, double[:, ::1] out, int n_threads=1, bint single=False):
        """Upper triangle of sum_i h_i x_i x_i' (h None: 1) into out (Q, Q), Q = padded(q).

        `single`: products in float, relative error about 1e-7, half the time.
        """
        cdef int outcome
        cdef const double *weights = NULL
        if self.pb.x.layout == FLR_CSC:
            raise ValueError("a Hessian needs a row-wise layout, not CSC")
        same_length(out.shape[0], flr_padded(self.q))
        same_length(out.shape[1], flr_padded(self.q))
        if self.n == 0 or self.q == 0:
            raise ValueError("an empty problem has no Hessian")
        if h is not None:
            same_length(h.shape[0], self.n)
            weights = &h[0]
        with nogil:
            outcome = flr_run_gram(&self.pb, weights, single, 0, &out[0, 0], executor(n_threads))
        check(outcome)

    def predict(self, const double[::1] theta, out, int n_threads=1):
        """Scores into out (n,), or probabilities of targets 0 and 1 into out (n, 2)."""
        cdef Vector vector = Vector(theta, self.p, self.intercept)
        cdef const void *place
        cdef double[::1] d
        cdef float[::1] f
        cdef int form, outcome
        cdef bint pairs = out.ndim == 2
        if out.shape[0] != self.n or (pairs and out.shape[1] != 2) or out.ndim > 2:
            raise ValueError(f"out has shape {out.shape}, not ({self.n}, 2) or ({self.n},)")
        if self.n == 0:
            return
        if out.dtype.char == "d":
            d = out.reshape(-1)
            place, form = <const void *>&d[0], FLR_PROBA if pairs else FLR_SCORE
        else:
            f = out.reshape(-1)
            place, form = <const void *>&f[0], FLR_PROBA_F32 if pairs else FLR_SCORE_F32
        with nogil:
            outcome = flr_run_predict(&self.pb, vector.data, vector.intercept, form, <void *>place,
                                      executor(n_threads))
        check(outcome)

    def newton(self, double[::1] theta, double alpha, double total_weight, double tol,
               int max_iter, bint sample_first=False, bint rough=False):
        """Newton's method in one call; theta is start and solution.

        With `sample_first` a start is sought on part of the rows; with `rough` the last step is
        taken when the error is likely, not provably, within tol.

        Returns (status, n_iter, objective, gap, largest gradient entry); status is one of
        "converged", "max_iter", "stalled", "singular", "separated", "nonfinite", "diverged".
        """
        cdef flr_newton_job job
        self.needs_targets()
        same_length(theta.shape[0], self.q)
        if self.n == 0 or self.q == 0 or self.pb.x.layout == FLR_CSC:
            raise ValueError("Newton in one call needs rows, columns and a row-wise layout")
        cdef Py_ssize_t padded = flr_padded(self.p + 1) + 8
        cdef double *memory = <double *>malloc(
            (padded + flr_newton_memory(self.n, self.p)) * sizeof(double)
        )
        if memory == NULL:
            raise MemoryError("no memory for a Newton fit")
        memset(memory, 0, padded * sizeof(double))
        job.alpha, job.total_weight, job.tol = alpha, total_weight, tol
        job.max_iter, job.sample_first, job.rough = max_iter, sample_first, rough
        job.theta, job.workspace = memory, memory + padded
        memcpy(job.theta, &theta[0], self.q * sizeof(double))
        with nogil:
            flr_active().newton(&self.pb, &job)
        memcpy(&theta[0], job.theta, self.q * sizeof(double))
        free(memory)
        return STATUS[job.status], job.n_iter, job.objective, job.gap, job.gradient_max


include "proximal.pxi"
include "softmax.pxi"
include "quasi_newton.pxi"
include "firth.pxi"


STATUS = ("converged", "max_iter", "stalled", "singular", "separated", "nonfinite", "diverged")


def padded(Py_ssize_t q):
    """Side of the square buffer that a Hessian of q parameters needs."""
    return flr_padded(q)
