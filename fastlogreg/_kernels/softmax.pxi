# Many classes: shapes checked, buffers held; a part of core.pyx.

cdef class Softmax:
    """Rows of a matrix with K classes: what the softmax passes work on.

    Parameters are (K, q) arrays with q = p + intercept, the intercept last. Sums are raw.

    Parameters
    ----------
    matrix : Matrix, not CSC
    n_classes : int
    y : int32 codes (n,), float64 probabilities (n, K), or None
    weight : float64 (n,) or None
    offset : float64 (n, K) or None
    intercept : bool
    rows : int64 array or None
        Rows of a row-major matrix that make up the problem.
    """

    cdef flr_softmax sm
    cdef readonly Matrix matrix
    cdef readonly Problem problem
    cdef object held
    cdef readonly Py_ssize_t n, p, q, K

    def __init__(self, Matrix matrix, Py_ssize_t n_classes, y=None, weight=None, offset=None,
                 bint intercept=True, rows=None):
        cdef const int32_t[::1] label = None
        cdef const double[:, ::1] target = None
        cdef const double[:, ::1] added = None
        cdef Py_ssize_t i
        if matrix.m.layout == FLR_CSC:
            raise ValueError("the class kernels need a row-wise layout, not CSC")
        if n_classes < 1:
            raise ValueError(f"n_classes must be at least 1, got {n_classes}")
        self.problem = Problem(matrix, None, weight, None, intercept, rows)
        self.matrix = matrix
        self.sm.rows = self.problem.pb
        self.sm.K = self.K = n_classes
        self.n, self.p, self.q = self.problem.n, self.problem.p, self.problem.q
        if y is not None and y.ndim == 1:
            label = y
            same_length(self.n, label.shape[0])
            for i in range(self.n):
                if not 0 <= label[i] < n_classes:
                    raise ValueError(f"label {label[i]} is outside of 0..{n_classes - 1}")
            self.sm.label = &label[0] if self.n else NULL
        elif y is not None:
            target = y
            same_length(self.n, target.shape[0])
            same_length(self.K, target.shape[1])
            self.sm.target = &target[0, 0] if self.n else NULL
        if offset is not None:
            added = offset
            same_length(self.n, added.shape[0])
            same_length(self.K, added.shape[1])
            self.sm.offset = &added[0, 0] if self.n else NULL
        self.held = (label, target, added)

    cdef int ready(self, bint targets) except -1:
        if self.n == 0 or self.q == 0:
            raise ValueError("an empty problem has no sums")
        if targets and self.sm.label == NULL and self.sm.target == NULL:
            raise ValueError("this problem has no targets")
        return 0

    cdef int parameters(self, const double[:, ::1] theta) except -1:
        same_length(theta.shape[0], self.K)
        same_length(theta.shape[1], self.q)
        return 0

    cdef int probabilities(self, const double[:, ::1] proba) except -1:
        same_length(proba.shape[0], self.K)
        same_length(proba.shape[1], flr_padded(self.n))
        return 0

    def evaluate(self, const double[:, ::1] theta, double[:, ::1] gradient=None,
                 double[:, ::1] proba=None, int n_threads=1):
        """Summed loss at theta; gradient (K, q) and proba (K, padded(n)) are filled if given."""
        cdef double loss = 0.0
        cdef int outcome
        cdef double *g = NULL
        cdef double *pi = NULL
        self.ready(True)
        self.parameters(theta)
        if gradient is not None:
            self.parameters(gradient)
            g = &gradient[0, 0]
        if proba is not None:
            self.probabilities(proba)
            pi = &proba[0, 0]
        with nogil:
            outcome = flr_run_softmax(&self.sm, &theta[0, 0], &loss, g, pi, executor(n_threads))
        check(outcome)
        return loss

    def curved_product(self, const double[:, ::1] proba, const double[:, ::1] v, double[:, ::1] out,
                       int n_threads=1):
        """out = the loss' Hessian at these probabilities times v."""
        cdef int outcome
        self.ready(False)
        self.probabilities(proba)
        self.parameters(v)
        self.parameters(out)
        with nogil:
            outcome = flr_run_softmax_curved(&self.sm, &proba[0, 0], &v[0, 0], &out[0, 0],
                                             executor(n_threads))
        check(outcome)

    def dual_gap(self, const double[:, ::1] proba, const double[:, ::1] v, int n_threads=1):
        """The certificate's sums for a step v: (cost, beyond, reach).

        The means move to pi (1 + t), at least to 0; `beyond` is how much they would move past that,
        0 if reach = max(-t) < 1.
        """
        cdef double out[3]
        cdef int outcome
        self.ready(False)
        self.probabilities(proba)
        self.parameters(v)
        with nogil:
            outcome = flr_run_softmax_dual_gap(&self.sm, &proba[0, 0], &v[0, 0], out,
                                               executor(n_threads))
        check(outcome)
        return out[0], out[1], out[2]

    def predict(self, const double[:, ::1] theta, out, bint proba, int n_threads=1):
        """Scores or probabilities into out (n, K), float32 or float64."""
        cdef double[:, ::1] d
        cdef float[:, ::1] f
        cdef const void *place
        cdef int form, outcome
        self.parameters(theta)
        if out.shape != (self.n, self.K):
            raise ValueError(f"out has shape {out.shape}, not {(self.n, self.K)}")
        if self.n == 0:
            return
        if out.dtype.char == "d":
            d = out
            place, form = <const void *>&d[0, 0], FLR_PROBA if proba else FLR_SCORE
        else:
            f = out
            place, form = <const void *>&f[0, 0], FLR_PROBA_F32 if proba else FLR_SCORE_F32
        cdef const double *point = &theta[0, 0] if self.q else NULL
        with nogil:
            outcome = flr_run_softmax_predict(&self.sm, point, form, <void *>place,
                                              executor(n_threads))
        check(outcome)

    def newton(self, double[:, ::1] theta, const double[::1] ridge, double total_weight, double tol,
               int max_iter, Py_ssize_t reference=-1, int n_threads=1):
        """Newton's method in one call; theta is start and solution, ridge (q,) for every class.

        `reference`: a class whose coefficients stay as they are, -1 for none.

        Returns (status, n_iter, objective, gap, largest gradient entry), as `Problem.newton`.
        """
        cdef flr_softmax_job job
        cdef int outcome
        self.ready(True)
        self.parameters(theta)
        same_length(ridge.shape[0], self.q)
        job.ridge, job.total_weight, job.tol = &ridge[0], total_weight, tol
        job.max_iter, job.reference, job.theta = max_iter, reference, &theta[0, 0]
        with nogil:
            outcome = flr_softmax_newton(&self.sm, &job, executor(n_threads))
        check(outcome)
        return STATUS[job.status], job.n_iter, job.objective, job.gap, job.gradient_max
