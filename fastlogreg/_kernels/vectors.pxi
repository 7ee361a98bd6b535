# Functions of whole vectors: elementwise, sums, labels; a part of core.pyx.

cdef int same_length(Py_ssize_t a, Py_ssize_t b) except -1:
    if a != b:
        raise ValueError(f"arrays of different lengths: {a} and {b}")
    return 0


def sigmoid(const double[::1] z, double[::1] out):
    same_length(z.shape[0], out.shape[0])
    if z.shape[0]:
        with nogil:
            flr_active().sigmoid(z.shape[0], &z[0], &out[0])


def sigmoid_f32(const float[::1] z, float[::1] out):
    same_length(z.shape[0], out.shape[0])
    if z.shape[0]:
        with nogil:
            flr_active().sigmoid_f32(z.shape[0], &z[0], &out[0])


def softplus(const double[::1] z, double sign, double[::1] out):
    """out = sign * softplus(sign * z); sign = -1 gives log(sigmoid(z))."""
    same_length(z.shape[0], out.shape[0])
    if z.shape[0]:
        with nogil:
            flr_active().softplus(z.shape[0], &z[0], sign, &out[0])


def softplus_f32(const float[::1] z, float sign, float[::1] out):
    same_length(z.shape[0], out.shape[0])
    if z.shape[0]:
        with nogil:
            flr_active().softplus_f32(z.shape[0], &z[0], sign, &out[0])


def cross_entropy(const double[::1] y, const double[::1] z, double[::1] out):
    same_length(z.shape[0], out.shape[0])
    same_length(z.shape[0], y.shape[0])
    if z.shape[0]:
        with nogil:
            flr_active().cross_entropy(z.shape[0], &y[0], &z[0], &out[0])


def weighted_log_loss(const double[::1] y, const double[::1] z, const double[::1] s):
    """Sum of s_i * cross-entropy(y_i, z_i); s may be None."""
    cdef double total = 0.0
    cdef const double *weight = NULL
    same_length(z.shape[0], y.shape[0])
    if s is not None:
        same_length(z.shape[0], s.shape[0])
    if z.shape[0]:
        if s is not None:
            weight = &s[0]
        with nogil:
            total = flr_active().weighted_log_loss(z.shape[0], &y[0], &z[0], weight)
    return total


def dot(const double[::1] a, const double[::1] b):
    """a . b as a float, on one thread."""
    same_length(a.shape[0], b.shape[0])
    return flr_active().dot(a.shape[0], &a[0], &b[0]) if a.shape[0] else 0.0


def nonzero(const double[::1] x):
    """The positions of entries that are not 0: `numpy.flatnonzero` in less than half the time."""
    import numpy as np

    cdef Py_ssize_t i, count = 0
    out = np.empty(x.shape[0] + 1, dtype=np.int64)
    cdef int64_t[::1] found = out
    with nogil:
        for i in range(x.shape[0]):
            found[count] = i
            count += x[i] != 0.0  # else the next one goes there
    return out[:count].copy()


def read_sum(const double[::1] x, int n_threads):
    """Sum of x at the speed of memory: the benchmarks' unit of time."""
    if not x.shape[0]:
        return 0.0
    cdef flr_executor ex = executor(n_threads)
    ex.poll = NULL  # too short to interrupt
    return flr_run_sum(&x[0], x.shape[0], ex)


ctypedef fused label_type:
    int64_t
    int32_t
    uint8_t
    double
    float


def count_ones(const uint8_t[::1] labels):
    """How many labels of 0 and 1 are 1."""
    cdef Py_ssize_t i, ones = 0
    with nogil:
        for i in range(labels.shape[0]):
            ones += labels[i]
    return ones


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
