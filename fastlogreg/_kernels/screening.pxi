# Which columns outside of a working set matter; a part of core.pyx.

cdef class Screen:
    """What is known of the products of all columns of a problem with residuals; see screening.c.

    Questions take a `level`, a float for all columns or an array (p,), and `inside` (p,), which
    marks the columns that do not count.
    """

    cdef flr_screen job
    cdef readonly Problem problem
    cdef readonly object last
    cdef object arrays, found
    cdef double common

    def __init__(self, Problem problem):
        import numpy as np

        cdef Py_ssize_t n = problem.n, p = problem.p
        if problem.pb.rows != NULL or n == 0:
            raise ValueError("columns are screened over all rows of X, and at least one")
        cdef bint dense = problem.pb.x.layout in (FLR_DENSE_C, FLR_DENSE_F)
        cdef Py_ssize_t places = FLR_SCREEN_KEPT if dense else 1
        self.problem, self.job.pb = problem, problem.pb
        self.last = np.zeros(p)
        # what is not written to takes no memory
        estimate, norms = np.zeros((2, p + 16))
        directions, products = np.zeros(places * n), np.zeros(places * (p + 1))
        work, self.found = np.zeros(n + p + 16), np.empty(p + 1, dtype=np.int64)
        self.arrays = estimate, norms, directions, products, work
        self.job.last, self.job.norms = pointer(estimate), pointer(norms)
        self.job.directions, self.job.products = pointer(directions), pointer(products)
        self.job.work = pointer(work)
        cdef int64_t[::1] found = self.found
        self.job.found = &found[0]
        self.last = estimate[:p]

    cdef flr_thresholds thresholds(self, level, const uint8_t[::1] inside) except *:
        cdef flr_thresholds at
        cdef const double[::1] many
        same_length(inside.shape[0], self.problem.p)
        at.inside = &inside[0] if self.problem.p else NULL
        if isinstance(level, float):
            self.common = level
            at.level, at.stride = &self.common, 0
        else:
            many = level
            same_length(many.shape[0], self.problem.p)
            at.level, at.stride = &many[0] if self.problem.p else &self.common, 1
        return at

    @property
    def learned(self):
        """Residuals that all columns were multiplied by: a read of X each."""
        return self.job.learned

    @property
    def reads(self):
        """Reads of X so far."""
        return self.job.learned + 2 * self.job.normed

    def learn(self, const double[::1] r, int n_threads=1):
        """Multiply all columns by r, and keep that; the products are in `last`."""
        same_length(r.shape[0], self.problem.n)
        cdef int outcome
        with nogil:
            outcome = flr_screen_learn(&self.job, &r[0], executor(n_threads))
        check(outcome)

    def foreseen(self, level, const uint8_t[::1] inside):
        """Columns outside whose product with the last residual is, as far as known, above level."""
        cdef flr_thresholds at = self.thresholds(level, inside)
        cdef Py_ssize_t count = flr_screen_foreseen(&self.job, at)
        return self.found[:count].copy()

    def violators(self, const double[::1] r, level, const uint8_t[::1] inside, int n_threads=1):
        """Columns outside whose product with r exceeds level, the worst first.

        If there are any, others whose product comes near may be among them.
        """
        cdef flr_thresholds at = self.thresholds(level, inside)
        cdef Py_ssize_t count
        same_length(r.shape[0], self.problem.n)
        with nogil:
            count = flr_screen_violators(&self.job, &r[0], at, executor(n_threads))
        check(min(count, 0))
        return self.found[:count].copy()
