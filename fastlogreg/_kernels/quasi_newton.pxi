# L-BFGS pairs and a Kronecker preconditioner: steps between passes; a part of core.pyx.

cdef class Pairs:
    """The last steps and gradient changes, and the inverse Hessian they imply.

    The two-loop recursion of Nocedal & Wright, "Numerical Optimization" (2006), algorithm 7.4,
    whose initial matrix is whatever the caller applies between `first` and `second`.
    """

    cdef double *data
    cdef double *rho
    cdef double *weight
    cdef Py_ssize_t size, memory, count, start

    def __cinit__(self, Py_ssize_t size, Py_ssize_t memory=10):
        if size < 0 or memory < 1:
            raise ValueError("size must not be negative and memory at least 1")
        self.size, self.memory = size, memory
        self.data = <double *>malloc((2 * memory * (size + 8) + 2 * memory) * sizeof(double))
        if self.data == NULL:
            raise MemoryError
        self.rho = self.data + 2 * memory * (size + 8)
        self.weight = self.rho + memory

    def __dealloc__(self):
        free(self.data)

    cdef double *pair(self, Py_ssize_t k) noexcept nogil:
        """The k-th oldest step; its gradient change follows it."""
        return self.data + 2 * (self.size + 8) * ((self.start + k) % self.memory)

    def add(self, const double[::1] step, const double[::1] change):
        """Remember a step and the gradient's change along it, if curvature shows in them."""
        cdef const flr_table *kernels = flr_active()
        cdef double curvature, steps, changes
        cdef double *place
        same_length(step.shape[0], self.size)
        same_length(change.shape[0], self.size)
        if self.size == 0:
            return
        curvature = kernels.dot(self.size, &step[0], &change[0])
        steps = kernels.dot(self.size, &step[0], &step[0])
        changes = kernels.dot(self.size, &change[0], &change[0])
        if not curvature > 1e-14 * sqrt(steps) * sqrt(changes):
            return
        if self.count == self.memory:
            self.start = (self.start + 1) % self.memory
            self.count -= 1
        place = self.pair(self.count)
        memcpy(place, &step[0], self.size * sizeof(double))
        memcpy(place + self.size + 8, &change[0], self.size * sizeof(double))
        self.rho[(self.start + self.count) % self.memory] = 1.0 / curvature
        self.count += 1

    def first(self, double[::1] v):
        """The first loop, in place."""
        cdef const flr_table *kernels = flr_active()
        cdef Py_ssize_t k
        cdef double *place
        same_length(v.shape[0], self.size)
        for k in range(self.count - 1, -1, -1):
            place = self.pair(k)
            self.weight[k] = (self.rho[(self.start + k) % self.memory]
                              * kernels.dot(self.size, place, &v[0]))
            kernels.add_scaled(self.size, -self.weight[k], place + self.size + 8, &v[0])

    def second(self, double[::1] v):
        """The second loop, in place."""
        cdef const flr_table *kernels = flr_active()
        cdef Py_ssize_t k
        cdef double *place
        cdef double b
        same_length(v.shape[0], self.size)
        for k in range(self.count):
            place = self.pair(k)
            b = (self.rho[(self.start + k) % self.memory]
                 * kernels.dot(self.size, place + self.size + 8, &v[0]))
            kernels.add_scaled(self.size, self.weight[k] - b, place, &v[0])


cdef class Kronecker:
    """Applies U [d o (U' R V)] V' to a (K, q) array R: the inverse of A x S + diagonal from the
    eigenvectors U (K, K) of A and V (q, q) of S; V None stands for the identity.
    """

    cdef double *memory
    cdef Py_ssize_t K, q, stride
    cdef bint dense

    def __cinit__(self, const double[:, ::1] u, v, const double[:, ::1] d):
        cdef const double[:, ::1] vectors = None
        cdef Py_ssize_t K = u.shape[0], q = d.shape[1], s = flr_padded(d.shape[1]) + 8, i, j
        same_length(u.shape[1], K)
        same_length(d.shape[0], K)
        if v is not None:
            vectors = v
            same_length(vectors.shape[0], q)
            same_length(vectors.shape[1], q)
        self.K, self.q, self.stride = K, q, s
        # U, U', d, two arrays to work in, then V and V'
        self.memory = <double *>calloc(2 * K * K + 3 * K * s + (2 * q * s if v is not None else 0)
                                       + 8, sizeof(double))
        if self.memory == NULL:
            raise MemoryError("no memory for a preconditioner")
        for i in range(K):
            for j in range(K):
                self.memory[i * K + j] = u[i, j]
                self.memory[K * K + j * K + i] = u[i, j]
            for j in range(q):
                self.memory[2 * K * K + i * s + j] = d[i, j]
        if v is not None:
            for i in range(q):
                for j in range(q):
                    self.memory[2 * K * K + 3 * K * s + i * s + j] = vectors[i, j]
                    self.memory[2 * K * K + (3 * K + q) * s + j * s + i] = vectors[i, j]
        self.dense = v is not None

    def __dealloc__(self):
        free(self.memory)

    def apply(self, double[::1] r):
        """r := the product, in place; r is the (K, q) array, flat."""
        cdef const flr_table *kernels = flr_active()
        cdef Py_ssize_t K = self.K, q = self.q, s = self.stride, i, j
        cdef double *u = self.memory
        cdef double *d = u + 2 * K * K
        cdef double *a = d + K * s
        cdef double *b = a + K * s
        cdef double *v = b + K * s
        same_length(r.shape[0], K * q)
        if K * q == 0:
            return
        with nogil:
            for i in range(K):
                memcpy(b + i * s, &r[i * q], q * sizeof(double))
            memset(a, 0, K * s * sizeof(double))
            kernels.product(K, K, q, u + K * K, K, b, s, a, s)
            if self.dense:
                memset(b, 0, K * s * sizeof(double))
                kernels.product(K, q, q, a, s, v, s, b, s)
            else:
                memcpy(b, a, K * s * sizeof(double))
            for i in range(K):
                for j in range(q):
                    b[i * s + j] *= d[i * s + j]
            if self.dense:
                memset(a, 0, K * s * sizeof(double))
                kernels.product(K, q, q, b, s, v + q * s, s, a, s)
            else:
                memcpy(a, b, K * s * sizeof(double))
            memset(b, 0, K * s * sizeof(double))
            kernels.product(K, K, q, u, K, a, s, b, s)
            for i in range(K):
                memcpy(&r[i * q], b + i * s, q * sizeof(double))
