# Rows with targets, weights and offset, and the passes over them; a part of core.pyx.

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

    def over(self, Matrix matrix):
        """The same rows, targets, weights and offset over other columns."""
        cdef Problem other = Problem.__new__(Problem)
        if self.pb.rows != NULL or matrix.m.n != self.n:
            raise ValueError(f"columns of {matrix.m.n} rows for {self.n} rows, or for picked ones")
        other.pb, other.held, other.matrix = self.pb, self.held, matrix
        other.pb.x = matrix.m
        other.n, other.p, other.q = self.n, matrix.m.p, matrix.m.p + self.intercept
        other.intercept = self.intercept
        return other

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
                                             NULL, result.data, executor(n_threads))
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
               int max_iter, bint sample_first=False, bint rough=False, int n_threads=1):
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
        job.max_iter, job.n_threads = max_iter, n_threads
        job.sample_first, job.rough = sample_first, rough
        job.theta, job.workspace = memory, memory + padded
        memcpy(job.theta, &theta[0], self.q * sizeof(double))
        with nogil:
            flr_active().newton(&self.pb, &job)
        memcpy(&theta[0], job.theta, self.q * sizeof(double))
        free(memory)
        return STATUS[job.status], job.n_iter, job.objective, job.gap, job.gradient_max
