"""The softmax log-likelihood with Jeffreys' penalty, in NumPy: for few classes and columns.

Parameters are relative to a reference class, theta_k = (coefficients, intercept) of each other
class k, m = K - 1 of them. With probabilities pi_ik and u_i = [x_i, 1] the information has blocks

    I_kl = sum_i s_i pi_ik (delta_kl - pi_il) u_i u_i',

and with C = I^{-1} in blocks, c_ikl = u_i' C_kl u_i, the derivative of log det I by theta_m is
sum_i s_i t_im u_i, where by the product rule

    t_im = pi_im (c_imm - sum_k pi_ik c_ikk - 2 sum_l pi_il c_iml + 2 sum_kl pi_ik pi_il c_ikl).

Another reference is a linear map of theta with determinant +-1, so that estimates do not depend on
it. Scoring steps are halved until l* grows.

Sources: Firth (1993); Bull, Mak & Greenwood, "A modified score function estimator for multinomial
logistic regression in small samples" (2002); Kosmidis & Firth (2011).
"""

import numpy as np

from fastlogreg import design
from fastlogreg import validation as valid
from fastlogreg.bias.binary import Maximum, SingularError


class SoftmaxLikelihood:
    """l* of one data set; parameters class by class, the columns' and then the intercept."""

    def __init__(self, X, y, weight, offset, fit_intercept, power, reference):
        """y: probabilities (n, K); offset: (n, K) or None; the rest as for two classes."""
        dense = X.toarray() if design.is_sparse(X) else X
        dense = np.asarray(dense, dtype=np.float64)
        self.fit_intercept, self.power = fit_intercept, power
        if not np.isfinite(dense).all():
            valid.refuse_values(X)
        self.design = np.column_stack([dense, np.ones(len(dense))]) if fit_intercept else dense
        self.weight = np.ones(len(y)) if weight is None else weight
        self.y = np.delete(y, reference, axis=1)
        self.offset = 0.0
        if offset is not None:
            self.offset = np.delete(offset, reference, axis=1) - offset[:, [reference]]
        self.m, self.each = self.y.shape[1], self.design.shape[1]
        self.q = self.m * self.each

    def maximise(self, start, tol, max_iter, fixed=None):
        """The `Maximum` from `start` on; parameters where `fixed` (q,) is true stay as they are."""
        free = np.ones(self.q, dtype=bool) if fixed is None else ~np.asarray(fixed, dtype=bool)
        theta, at = np.array(start, dtype=np.float64), self._evaluate(start)
        if at is None:
            raise SingularError
        status, n_iter, last = "max_iter", 0, np.inf
        while True:
            loglik, value, noise, information, covariance, score = at
            step = np.zeros(self.q)
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
            promised = float(score @ step)
            size = np.sqrt(max(promised, 0.0))
            if size <= tol:
                status = "converged"
            elif promised <= noise and size > 0.9 * last:
                status = "stalled"
            if status != "max_iter" or n_iter >= max_iter:
                break
            last, length = size, 1.0
            while True:
                there = self._evaluate(theta + length * step)
                if there is not None and there[1] >= value + 1e-4 * length * promised - noise:
                    break
                length *= 0.5
                if length < 1e-9:
                    status = "stuck"
                    break
            if status == "stuck":
                break
            theta, at, n_iter = theta + length * step, there, n_iter + 1
        return Maximum(theta, loglik, value, score, covariance, size, status, n_iter)

    def _evaluate(self, theta):
        """(log-likelihood, l*, its rounding, information, inverse, score); None if singular."""
        D, s, m, q = self.design, self.weight, self.m, self.each
        z = D @ theta.reshape(m, q).T + self.offset
        top = np.maximum(z.max(axis=1), 0.0)
        e = np.exp(z - top[:, None])
        total = e.sum(axis=1) + np.exp(-top)
        pi = e / total[:, None]
        loglik = float(s @ ((self.y * z).sum(axis=1) - top - np.log(total)))
        information = np.empty((m, q, m, q))
        for k in range(m):
            for j in range(k, m):
                w = s * pi[:, k] * ((k == j) - pi[:, j])
                information[k, :, j] = information[j, :, k] = D.T @ (w[:, None] * D)
        information = information.reshape(m * q, m * q)
        size = np.sqrt(information.diagonal())
        if not np.isfinite(loglik) or not (size > 0).all():
            return None
        try:
            root = np.linalg.cholesky(information / size / size[:, None])
        except np.linalg.LinAlgError:
            return None
        if root.diagonal().min() ** 2 <= 20 * len(size) * np.finfo(float).eps:
            return None
        inverse = np.linalg.inv(root) / size
        covariance = inverse.T @ inverse
        pivots = root.diagonal()
        log_det = 2.0 * float(np.log(pivots * size).sum())
        noise = 1e-14 * (abs(loglik) + self.power * (abs(log_det) + (pivots**-2.0).sum()))
        score = (
            (s[:, None] * (self.y - pi + self.power * self._pull(pi, covariance))).T @ D
        ).ravel()
        return loglik, loglik + self.power * log_det, noise, information, covariance, score

    def _pull(self, pi, covariance):
        """t (n, m) of the text above."""
        D, m, q = self.design, self.m, self.each
        blocks = covariance.reshape(m, q, m, q)
        c = np.empty((len(D), m, m))
        for k in range(m):
            for j in range(k, m):
                c[:, k, j] = c[:, j, k] = ((D @ blocks[k, :, j]) * D).sum(axis=1)
        own = np.einsum("ikk->ik", c)
        along = np.einsum("ikl,il->ik", c, pi)
        level = 2.0 * (pi * along).sum(axis=1) - (pi * own).sum(axis=1)
        return pi * (own - 2.0 * along + level[:, None])


def expand(maximum, n_classes, reference, symmetric, each):
    """(theta (K, q), covariance (K q, K q)) of all classes.

    The reference's parameters are zero, or if `symmetric` those of all classes sum to zero.
    """
    others = [k for k in range(n_classes) if k != reference]
    classes = np.zeros((n_classes, n_classes - 1))
    classes[others, range(n_classes - 1)] = 1.0
    if symmetric:
        classes -= classes.mean(axis=0)
    full = np.kron(classes, np.eye(each))
    theta = (full @ maximum.theta).reshape(n_classes, each)
    return theta, full @ maximum.covariance @ full.T
