"""The objective of a fit with many classes: weighted mean softmax loss plus the ridge.

    f(theta) = sum_i s_i (log sum_k exp(z_ik) - y_i . z_i) / sum_i s_i + 1/2 sum_kj l2_j theta_kj^2

`theta` is a flat vector of one row of q = p + intercept values for each class that is free, the
intercept last (ridge 0); a reference class has none and keeps its scores at the offset.  Verbs and
names as in `objective.Objective`.
"""

from functools import cached_property

import numpy as np

from fastlogreg import design
from fastlogreg._kernels.core import Kronecker, Matrix, Problem, Softmax, dot, padded, symmetrise

# What counts as rounding, of the objective: means outside of [0, 1], and sums that should be 0.
PAST, LEFT = 1e-14, 1e-11
# Of the means, how much a step takes away that leads to infinity.
FAR = 1.0 - 1e-6


class SoftmaxObjective:
    """A softmax problem, its penalty and its scale; immutable but for the pass counter.

    Parameters
    ----------
    X : the user's matrix, its rows contiguous or by column (dense), or CSR
    matrix : Matrix over X
    y : int32 labels (n,), or float64 probabilities (n, K)
    weight : float64 (n,) or None
    offset : float64 (n, K) or None
    penalty : Penalty
        Of which the objective adds the ridge, unless `with_ridge` is False.
    reference_class : int or None
    """

    def __init__(
        self, X, matrix, y, n_classes, weight, offset, fit_intercept, penalty, n_threads,
        reference_class=None, with_ridge=True,
    ):  # fmt: skip
        self.X, self.matrix, self.y, self.K = X, matrix, y, n_classes
        self.weight, self.offset = weight, offset
        self.fit_intercept, self.penalty, self.n_threads = fit_intercept, penalty, n_threads
        self.kernel = Softmax(matrix, n_classes, y, weight, offset, fit_intercept)
        self.n, self.p, self.q = self.kernel.n, self.kernel.p, self.kernel.q
        self.total_weight = float(self.n if weight is None else weight.sum())
        self.reference_class = reference_class
        self.free = np.array([k for k in range(n_classes) if k != reference_class])
        self.column_ridge = np.zeros(self.q)
        if with_ridge:
            self.column_ridge[: self.p] = penalty.l2
        self.ridge = np.concatenate([self.column_ridge] * len(self.free))
        self.passes = 0.0

    @property
    def coercive(self):
        """Whether every coefficient has a ridge, so that a finite optimum exists in any case."""
        return bool((self.column_ridge[: self.p] > 0.0).all())

    def classes(self, theta):
        """theta as (K, q), zeros for a reference class."""
        if self.reference_class is None:
            return theta.reshape(self.K, self.q)
        full = np.zeros((self.K, self.q))
        full[self.free] = theta.reshape(-1, self.q)
        return full

    def _flat(self, full):
        return full.ravel() if self.reference_class is None else full[self.free].ravel()

    def probabilities(self):
        """An empty array that `value_gradient` can fill: (K, padded n)."""
        return np.empty((self.K, padded(self.n)))

    def value_gradient(self, theta, proba=None):
        """f and its gradient, flat; the probabilities into `proba` if it is given."""
        gradient = np.empty((self.K, self.q))
        loss = self.kernel.evaluate(self.classes(theta), gradient, proba, self.n_threads)
        self.passes += 1.0
        gradient = self._flat(gradient)
        gradient /= self.total_weight
        gradient += self.ridge * theta
        return loss / self.total_weight + 0.5 * dot(self.ridge, theta * theta), gradient

    def curved_product(self, proba, v):
        """The Hessian at these probabilities times v."""
        out = np.empty((self.K, self.q))
        self.kernel.curved_product(proba, self.classes(v), out, self.n_threads)
        self.passes += 1.0
        out = self._flat(out)
        out /= self.total_weight
        out += self.ridge * v
        return out

    def dual_gap(self, proba, d, left, f):
        """Bound on f - min f from a step d that leaves `left` = gradient + Hessian d unsolved.

        inf where the step leads outside of the dual's domain, or leaves more than rounding unsolved
        without a ridge.  And whether the step takes probabilities to 0, as ever longer ones do on
        the way to a limit at infinity (a class without rows, which has one too, is no reason).
        """
        cost, beyond, reach = self.kernel.dual_gap(proba, self.classes(d), self.n_threads)
        self.passes += 0.5
        ridged, far = self.ridge > 0.0, bool(reach >= FAR and self.share.all())
        if not (reach < 1.0 or beyond <= PAST * f * self.total_weight):
            return np.inf, far
        if np.any(np.abs(left[~ridged]) > self.rounding(f)[~ridged]):
            return np.inf, far
        short = (left - self.ridge * d)[ridged] ** 2 / self.ridge[ridged]
        return cost / self.total_weight + 0.5 * float(short.sum()), far

    def rounding(self, f):
        """What of each entry of a gradient is taken for rounding, where the objective is f.

        For labels the sums of absolute residuals are at most f.
        """
        return np.tile(LEFT * f * self._size, len(self.free))

    @cached_property
    def _size(self):
        """Root mean squares of the columns, 1 for the intercept."""
        weight, out = np.ones(self.n) if self.weight is None else self.weight, np.empty(self.q)
        self.kernel.problem.collect(weight, out, True, self.n_threads)
        self.passes += 1.0 / self.K
        return np.sqrt(out / self.total_weight)

    def coupling(self, proba):
        """sum_i s_i (diag pi_i - pi_i pi_i') / total weight over the free classes, (F, F)."""
        n, total = self.n, self.total_weight
        rows = Problem(Matrix.dense(proba[:, :n].T), None, None, None, False)
        weight = np.ones(n) if self.weight is None else self.weight
        upper, full = np.empty((padded(self.K),) * 2), np.empty((self.K, self.K))
        rows.gram(weight, upper, self.n_threads)
        symmetrise(upper, -1.0 / total, np.zeros(self.K), full)
        full[np.diag_indices(self.K)] = 0.0
        full[np.diag_indices(self.K)] = -full.sum(axis=1)  # exact, as 1 - pi is not on sure rows
        return full[np.ix_(self.free, self.free)]

    @cached_property
    def share(self):
        """The weight of each class."""
        if self.y.ndim == 1:
            return np.bincount(self.y, self.weight, self.K)
        return self.y.sum(axis=0) if self.weight is None else self.weight @ self.y

    def null_start(self):
        """Zero coefficients, and the intercepts that fit best alone."""
        theta = np.zeros((self.K, self.q))
        if self.fit_intercept:
            logit = np.log(np.maximum(self.share / self.total_weight, 1e-12))
            base = logit.mean() if self.reference_class is None else logit[self.reference_class]
            theta[:, -1] = logit - base
        return self._flat(theta)


class Preconditioner:
    """The inverse of A x S + ridge, A the classes' coupling and S the columns' second moments.

    A x S would be the Hessian if probabilities and columns were independent: it knows which classes
    are mistaken for each other and how the columns are scaled and correlated, at the cost of one
    Gram matrix.  S is decomposed once (only its diagonal for sparse data and many columns, LARGE),
    A anew when the probabilities have changed much.

    Reference: Martens & Grosse, "Optimizing neural networks with Kronecker-factored approximate
    curvature" (2015), for this form; the eigenbasis takes up the ridge exactly.
    """

    LARGE = 1500
    RANGE = 1e6  # of second moments: what exceeds the least that counts by more is scaled down

    def __init__(self, objective):
        self.objective = objective
        o, problem = objective, objective.kernel.problem
        weight = np.ones(o.n) if o.weight is None else o.weight
        if o.matrix.layout == "CSR" or o.q > self.LARGE:
            moments = np.empty(o.q)
            problem.collect(weight, moments, True, o.n_threads)
            moments /= o.total_weight
            self.shrunk, self.vectors = self._shrunk(moments), None
            self.moments = moments / self.shrunk**2
            o.passes += 1.0 / o.K
        else:
            upper, full = np.empty((padded(o.q),) * 2), np.empty((o.q, o.q))
            problem.gram(weight, upper, o.n_threads, single=True)
            symmetrise(upper, 1.0 / o.total_weight, np.zeros(o.q), full)
            if not np.isfinite(full).all():
                raise FloatingPointError("squares of the columns overflow")
            self.shrunk = self._shrunk(full.diagonal())
            moments, vectors = np.linalg.eigh(full / np.outer(self.shrunk, self.shrunk))
            self.moments, self.vectors = np.maximum(moments, 0.0), np.ascontiguousarray(vectors)
            o.passes += o.q / (4.0 * o.K)
        self.at(np.full((o.K, padded(o.n)), 1.0 / o.K))

    def _shrunk(self, moments):
        """What each column is divided by: 1 but for those so large that others would be rounding.

        The ridge, exact in the eigenbasis only where all columns share it, says little about these.
        """
        counted = np.maximum(moments[moments > 0.0], self.objective.column_ridge.max(initial=0.0))
        return np.sqrt(np.maximum(1.0, moments / (self.RANGE * counted.min(initial=np.inf))))

    def at(self, proba):
        """Take the coupling of the classes at these probabilities."""
        o = self.objective
        size, mixing = np.linalg.eigh(o.coupling(proba))
        size = np.where(size > 1e-9 * size[-1], size, 0.0)  # a shift of all classes changes nothing
        ridge = o.column_ridge / self.shrunk**2
        if self.vectors is not None:
            ridge = self._in_eigenbasis(ridge)
        diagonal = np.outer(size, self.moments) + ridge
        least = 1e-14 * diagonal.max()
        inverse = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > least)
        self._product = Kronecker(np.ascontiguousarray(mixing), self.vectors, inverse)

    def _in_eigenbasis(self, ridge):
        """The ridge's diagonal in the eigenbasis, exact where all columns share it."""
        return (self.vectors**2 * ridge[:, None]).sum(axis=0)

    def __call__(self, v):
        """The inverse's product with v, in place."""
        if (self.shrunk == 1.0).all():
            self._product.apply(v)
            return v
        parts = v.reshape(-1, self.objective.q)
        parts /= self.shrunk
        self._product.apply(v)
        parts /= self.shrunk
        return v


def class_matrix(X, matrix):
    """X and its Matrix as the class kernels read it: CSC becomes CSR."""
    if matrix.layout != "CSC":
        return X, matrix
    rows = design.by_row(X)
    return rows, design.as_matrix(rows)
