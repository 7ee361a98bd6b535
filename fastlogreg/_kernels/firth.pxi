# Leverages, and the maximum of a likelihood penalised by Jeffreys' prior; a part of core.pyx.

FIRTH_STATUS = ("converged", "stalled", "max_iter", "singular", "nonfinite", "stuck")


def firth_score(Problem problem, const double[::1] theta, const double[:, ::1] factor,
                double[::1] leverage=None, double[::1] gradient=None, double[::1] pull=None,
                double[:, ::1] hessian=None, int n_threads=1):
    """Summed loss at theta, and in the same read of the rows, where given:

    leverage (n,): ``w_i |factor' [x_i, 1]|^2`` with w the weighted curvatures; gradient (q,) of the
    loss; pull (q,): sum_i leverage_i (2 pi_i - 1) [x_i, 1]; hessian (Q, Q), upper triangle valid.
    factor (Q, Q) is upper triangular with zeros elsewhere, Q = `padded(q)`.
    """
    cdef flr_firth_point point
    cdef Vector vector = Vector(theta, problem.p, problem.intercept)
    cdef Py_ssize_t side = flr_padded(problem.q)
    cdef double *buffer
    cdef int outcome
    problem.needs_targets()
    if problem.pb.x.layout == FLR_CSC:
        raise ValueError("leverages need a row-wise layout, not CSC")
    if problem.n == 0 or problem.q == 0:
        raise ValueError("an empty problem has no leverages")
    same_length(factor.shape[0], side)
    same_length(factor.shape[1], side)
    memset(&point, 0, sizeof(point))
    point.at.coef, point.at.intercept = vector.data, vector.intercept
    point.factor = &factor[0, 0]
    if leverage is not None:
        same_length(leverage.shape[0], problem.n)
        point.leverage = &leverage[0]
    if hessian is not None:
        same_length(hessian.shape[0], side)
        same_length(hessian.shape[1], side)
        point.at.hessian = &hessian[0, 0]
    buffer = <double *>calloc(2 * (problem.p + 1), sizeof(double))
    if buffer == NULL:
        raise MemoryError
    try:
        if gradient is not None:
            same_length(gradient.shape[0], problem.q)
            point.at.gradient = buffer
        if pull is not None:
            same_length(pull.shape[0], problem.q)
            point.pull = buffer + problem.p + 1
        with nogil:
            outcome = flr_run_firth_score(&problem.pb, &point, executor(n_threads))
        check(outcome)
        if gradient is not None:
            memcpy(&gradient[0], buffer, problem.q * sizeof(double))
        if pull is not None:
            memcpy(&pull[0], buffer + problem.p + 1, problem.q * sizeof(double))
    finally:
        free(buffer)
    return point.at.loss


def firth(Problem problem, double[::1] theta, double[::1] gradient, double[:, ::1] factor,
          double power, double tol, int max_iter, const uint8_t[::1] fixed=None,
          bint sample_first=False, int n_threads=1):
    """Minimises loss - power * log det(information) over the parameters that are not fixed.

    theta (q,) is start and solution; gradient (q,) and factor (Q, Q) are filled with the gradient
    there and with F, F F' the inverse of the information. Returns (status, n_iter, loss, log
    determinant, length of the next step in standard errors); status is one of FIRTH_STATUS.
    """
    cdef flr_firth job
    cdef Py_ssize_t q = problem.q, side = flr_padded(problem.q)
    cdef double *memory
    cdef int outcome
    problem.needs_targets()
    same_length(theta.shape[0], q)
    same_length(gradient.shape[0], q)
    same_length(factor.shape[0], side)
    same_length(factor.shape[1], side)
    if problem.n == 0 or q == 0 or problem.pb.x.layout == FLR_CSC or problem.pb.rows != NULL:
        raise ValueError("a penalised likelihood needs rows, columns and a row-wise layout")
    memset(&job, 0, sizeof(job))
    if fixed is not None:
        same_length(fixed.shape[0], q)
        job.fixed = &fixed[0]
    memory = <double *>calloc(2 * (side + 8), sizeof(double))
    if memory == NULL:
        raise MemoryError("no memory for a fit")
    job.pb = &problem.pb
    job.power, job.tol, job.max_iter, job.sample_first = power, tol, max_iter, sample_first
    job.theta, job.gradient, job.factor = memory, memory + side + 8, &factor[0, 0]
    memcpy(job.theta, &theta[0], q * sizeof(double))
    try:
        with nogil:
            outcome = flr_run_firth(&job, executor(n_threads))
        check(outcome)
        memcpy(&theta[0], job.theta, q * sizeof(double))
        memcpy(&gradient[0], job.gradient, q * sizeof(double))
    finally:
        free(memory)
    return FIRTH_STATUS[job.status], job.n_iter, job.loss, job.log_determinant, job.step
