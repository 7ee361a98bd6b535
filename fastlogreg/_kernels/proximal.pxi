# The working set of proximal Newton; a part of core.pyx.

cdef double *pointer(array) except NULL:
    cdef double[::1] view = array
    return &view[0]


cdef int fill(double *out, value, Py_ssize_t count) except -1:
    """Write a float, or an array of that many, to out."""
    cdef Py_ssize_t j
    cdef double same
    cdef const double[::1] many
    if isinstance(value, float):
        same = value
        for j in range(count):
            out[j] = same
        return 0
    many = value
    same_length(many.shape[0], count)
    if count:
        memcpy(out, &many[0], count * sizeof(double))
    return 0


cdef class WorkingSet:
    """Columns in work, the point reached on them, and the Gram matrix kept there; see proximal.c.

    Arrays, to be read by anyone and written by who knows: `coef`, `gradient`, `step`, `slopes` (the
    gradient where the step leads, by the model) of `capacity` and more entries, of which the first
    `size` count; `score`, `residual`, `curvature`, `along`, `moves` a row each. Sums are raw.
    `problem` holds the columns, in the order of `coef`.
    """

    cdef flr_proximal job
    cdef readonly Problem problem
    cdef readonly object coef, gradient, step, slopes, score, residual, curvature, along, moves
    cdef readonly object gram, diagonal, cross, work
    cdef object thin_held, terms, landing, bend
    cdef bint penalised
    cdef readonly Py_ssize_t n, capacity, size

    def __init__(self, Problem problem, Py_ssize_t capacity, bint with_gram=True):
        import numpy as np

        cdef Py_ssize_t length = max(capacity, 1) + 16, rows = problem.n + 16
        problem.needs_targets()
        if problem.n == 0:
            raise ValueError("a problem without rows has no optimum")
        self.n, self.capacity = problem.n, capacity
        self.coef, self.gradient, self.step, self.slopes, self.cross = np.zeros((5, length))
        self.landing, self.bend = np.zeros((2, length))
        self.terms = np.zeros((4, length))
        self.score, self.residual, self.curvature, self.along, self.moves = np.zeros((5, rows))
        self.work = np.empty(4 * length + 3 * rows)
        self.job.work = pointer(self.work)
        self.job.capacity = max(capacity, 1)
        self.job.coef, self.job.gradient = pointer(self.coef), pointer(self.gradient)
        self.job.step, self.job.cross = pointer(self.step), pointer(self.cross)
        self.job.slopes = pointer(self.slopes)
        self.job.landing, self.job.bend = pointer(self.landing), pointer(self.bend)
        self.job.score, self.job.residual = pointer(self.score), pointer(self.residual)
        self.job.curvature, self.job.along = pointer(self.curvature), pointer(self.along)
        self.job.moves = pointer(self.moves)
        cdef double *terms = pointer(self.terms.reshape(-1))
        self.job.l1, self.job.l2 = terms, terms + length
        self.job.lower, self.job.upper = terms + 2 * length, terms + 3 * length
        self.gram = np.empty((self.job.capacity,) * 2) if with_gram else np.empty((0, 0))
        self.job.gram = pointer(self.gram.reshape(-1)) if with_gram else NULL
        self.diagonal = np.zeros(length)
        self.job.diagonal = pointer(self.diagonal)
        self.hold(problem)

    def __dealloc__(self):
        flr_release_proximal(&self.job)

    def hold(self, Problem problem):
        """Take a problem whose first columns are the present ones: a border is added."""
        if problem.n != self.n or problem.p > self.capacity:
            raise ValueError(f"{problem.p} columns do not fit into {self.capacity}")
        if self.job.gram == NULL:
            if problem.pb.x.layout not in (FLR_CSC, FLR_DENSE_F) or problem.pb.rows != NULL:
                raise ValueError("without a Gram matrix columns must be contiguous")
        elif problem.pb.x.layout == FLR_CSC:
            raise ValueError("a Hessian needs a row-wise layout, not CSC")
        problem.needs_targets()
        if problem.p != self.size and self.job.thin:
            self.job.thin = self.job.built = 0  # its columns are not these
        if problem.p != self.size:
            self.penalised = False  # that was of other columns
        if self.job.gram == NULL and problem.p <= self.job.built:
            self.job.built = 0  # what is kept refers to the columns of the problem before
        self.problem, self.size = problem, problem.p
        self.job.pb = problem.pb

    def add(self, Problem problem, int n_threads=1):
        """`hold`, and find the gradient of the new columns, whose coefficients are 0."""
        cdef Py_ssize_t before = self.size, count = problem.p - before
        cdef flr_problem added = problem.pb
        cdef double *sums
        cdef Py_ssize_t first = before
        self.hold(problem)
        if count <= 0:
            return
        if added.x.layout in (FLR_DENSE_C, FLR_DENSE_F):
            added.x = part_of_dense(added.x, before, count)
            first = 0
        sums = <double *>malloc((flr_padded(added.x.p) + 16) * sizeof(double))
        if sums == NULL:
            raise MemoryError
        cdef int outcome
        with nogil:
            outcome = flr_run_collect(&added, self.job.residual, 0, sums, executor(n_threads))
        if outcome == 0:
            memcpy(self.job.gradient + before, sums + first, count * sizeof(double))
        free(sums)
        check(outcome)

    def forget(self):
        """Make the Gram matrix anew, at the next point."""
        self.job.built = 0

    def sample(self, Problem part, const int64_t[::1] rows, const double[::1] factor):
        """Make the Gram matrix of some rows, each standing for `factor` rows; `part` holds them.

        part None: of all rows, from now on and anew. With as many columns as `problem` has, always.
        """
        import numpy as np

        cdef Py_ssize_t k
        if part is None:
            self.job.thin = self.job.built = 0
            self.thin_held = None
            return
        same_length(part.n, rows.shape[0])
        same_length(part.n, factor.shape[0])
        if part.p != self.size or part.intercept != self.problem.intercept or part.n == 0:
            raise ValueError("the sample's columns are not those in work")
        if part.pb.x.layout == FLR_CSC:
            raise ValueError("a Hessian needs a row-wise layout, not CSC")
        for k in range(part.n):
            if not 0 <= rows[k] < self.n:
                raise ValueError(f"row {rows[k]} is outside of X with {self.n} rows")
        moves = np.empty(part.n)
        self.thin_held = (part, rows, factor, moves)
        self.job.thin, self.job.thin_pb = 1, part.pb
        self.job.thin_rows, self.job.thin_factor = &rows[0], &factor[0]
        self.job.thin_moves = pointer(moves)

    @property
    def sampled(self):
        """Whether the Gram matrix is made of a sample of the rows."""
        return bool(self.job.thin)

    @property
    def intercept(self):
        return self.job.intercept

    @intercept.setter
    def intercept(self, double value):
        self.job.intercept = value

    @property
    def gradient_b(self):
        """Sum of the residuals."""
        return self.job.gradient_b

    @property
    def step_b(self):
        """The intercept's part of the step."""
        return self.job.step_b

    @property
    def loss(self):
        """Summed loss at coef."""
        return self.job.loss

    @property
    def decrease(self):
        """What the step left over promises."""
        return self.job.decrease

    def evaluate(self, int n_threads=1):
        """Loss, gradient and row vectors at coef and intercept."""
        import numpy as np

        cdef Py_ssize_t m = self.size, n = self.n
        cdef bint intercept = self.problem.intercept
        theta, gradient = np.append(self.coef[:m], self.intercept), np.empty(m + intercept)
        self.job.loss = self.problem.evaluate(
            theta[: m + intercept], gradient, None, self.residual[:n], self.curvature[:n],
            self.score[:n], n_threads,
        )
        self.gradient[:m] = gradient[:m]
        self.job.gradient_b = gradient[m] if intercept else 0.0

    def penalise(self, l1, l2, lower, upper):
        """Set the penalty and the box, each a float or an array (size,); until the next `hold`."""
        cdef Py_ssize_t m = self.size
        self.penalised = False
        fill(self.job.l1, l1, m)
        fill(self.job.l2, l2, m)
        fill(self.job.lower, lower, m)
        fill(self.job.upper, upper, m)
        self.penalised = True

    cdef int needs_penalty(self) except -1:
        if not self.penalised:
            raise ValueError("no penalty was set for the columns in work")
        return 0

    @property
    def objective(self):
        """Summed loss and penalty at coef."""
        self.needs_penalty()
        return flr_proximal_objective(&self.job)

    def look_ahead(self, double[::1] landing):
        """Where the step left over leads: the objective there; no read of X.

        landing (size,): is filled with the coefficients there, within the box.
        """
        self.needs_penalty()
        same_length(landing.shape[0], self.size)
        return flr_proximal_look_ahead(&self.job, &landing[0] if self.size else NULL)

    def take(self, int n_threads=1):
        """Go where the step left over leads, by one product with X; False if that is no lower."""
        cdef int outcome
        self.needs_penalty()
        with nogil:
            outcome = flr_proximal_take(&self.job, executor(n_threads))
        check(min(outcome, 0))
        return bool(outcome)

    @property
    def violation(self):
        """The largest entry of the objective's shortest subgradient at coef."""
        self.needs_penalty()
        return flr_proximal_violation(&self.job)

    def prove(self, const double[::1] along, const double[::1] v):
        """What the dual point with residuals ``residual + moves * along`` proves, v = X' of them.

        (cost, reach, left, beyond): if reach < 1, the objective is at most ``cost + left + beyond *
        objective`` above its minimum over these columns; see reference.duality_gap.
        """
        cdef flr_proof proof
        self.needs_penalty()
        same_length(along.shape[0], self.n)
        same_length(v.shape[0], self.size)
        with nogil:
            proof = flr_proximal_prove(&self.job, &along[0], &v[0] if self.size else NULL)
        return proof.cost, proof.reach, proof.left, proof.beyond

    def minimise(self, double least, double exact, int max_iter, bint single=False, int n_threads=1,
                 bint pause=False, bint ahead=False):
        """Steps until one promises at most `least`; that one is left in `step` and `along`.

        Returns (status, steps taken); status is one of "converged", "max_iter", "stalled",
        "nonfinite"; with `pause` also "paused", after every step, and the next call with the same
        arguments goes on as if there had been none. `exact` is how far a slope may be off in the
        step left, as a share of the largest l1 or of a tenth of the largest slope. `ahead` says
        that the penalty is the next of a path, whose last was solved by the call before.
        """
        self.needs_penalty()
        if not self.job.paused:
            self.job.least, self.job.exact = least, exact * flr_proximal_unit(&self.job)
        self.job.max_iter, self.job.single, self.job.pause = max_iter, single, pause
        self.job.ahead = ahead
        cdef int outcome
        with nogil:
            outcome = flr_run_proximal(&self.job, executor(n_threads))
        check(outcome)
        return PROXIMAL_STATUS[self.job.status], self.job.n_iter


PROXIMAL_STATUS = ("converged", "max_iter", "stalled", "nonfinite", "paused")
