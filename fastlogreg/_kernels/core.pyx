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
        int max_iter, sample_first, rough, n_threads
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
                               double *, double *, flr_executor) noexcept
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
        double *slopes
        double *landing
        double *bend
        int ahead
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
        double *l1
        double *l2
        double *lower
        double *upper
        double decrease, least, exact
        int max_iter, n_iter, single, status, pause, paused
    ctypedef struct flr_proof:
        double cost, reach, left, beyond
    int flr_run_proximal(flr_proximal *, flr_executor) noexcept
    void flr_release_proximal(flr_proximal *) noexcept
    double flr_proximal_objective(const flr_proximal *) noexcept
    double flr_proximal_look_ahead(flr_proximal *, double *) noexcept
    int flr_proximal_take(flr_proximal *, flr_executor) noexcept
    double flr_proximal_unit(const flr_proximal *) noexcept
    double flr_proximal_violation(const flr_proximal *) noexcept
    flr_proof flr_proximal_prove(const flr_proximal *, const double *, const double *) noexcept

cdef extern from "columns.h" nogil:
    enum:
        FLR_COLUMN_TASKS
    ctypedef struct flr_columns_pick:
        const flr_matrix *x
        const int32_t *position
        Py_ssize_t count
        int64_t *places
        int32_t *index
        void *values
    int flr_count_columns(flr_columns_pick *, int64_t *, flr_executor) noexcept
    int flr_pick_columns(flr_columns_pick *, flr_executor) noexcept

cdef extern from "screening.h" nogil:
    enum:
        FLR_SCREEN_KEPT
    ctypedef struct flr_screen:
        flr_problem pb
        int learned, normed
        double *directions
        double *products
        double *last
        double *norms
        double *work
        int64_t *found
    ctypedef struct flr_thresholds:
        const double *level
        Py_ssize_t stride
        const uint8_t *inside
    int flr_screen_learn(flr_screen *, const double *, flr_executor) noexcept
    Py_ssize_t flr_screen_foreseen(flr_screen *, flr_thresholds) noexcept
    Py_ssize_t flr_screen_violators(flr_screen *, const double *, flr_thresholds,
                                    flr_executor) noexcept

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
include "matrix.pxi"
include "columns.pxi"
include "problem.pxi"
include "proximal.pxi"
include "screening.pxi"
include "softmax.pxi"
include "quasi_newton.pxi"
include "firth.pxi"


STATUS = ("converged", "max_iter", "stalled", "singular", "separated", "nonfinite", "diverged")


def padded(Py_ssize_t q):
    """Side of the square buffer that a Hessian of q parameters needs."""
    return flr_padded(q)
