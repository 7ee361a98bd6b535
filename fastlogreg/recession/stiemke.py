"""The proof that rows overlap: a strictly positive dual point.

Stiemke's lemma: no v has ``sign_i x_i . v >= 0`` for all rows and > 0 for one of them, if and only
if some weights alpha > 0 have ``sum_i alpha_i sign_i x_i = 0`` (rows with soft targets may have any
alpha).  At any coefficients, let r be the residuals (negative for target 1), a = |r| and h the
curvatures a (1 - a).  A Newton step d, ``sum_i h_i x_i x_i . d = -sum_i r_i x_i``, moves the
residuals to ``r_i + h_i x_i . d``, which balance exactly; they keep their signs unless the step
lowers a margin's (1 - a_i) share by 1 or more.  So *if Newton's step is small, the rows overlap*.

Rounding: let e be what the computed point leaves of the balance, H = sum_i h_i x_i x_i'.  Moving it
by -h_i x_i . H^{-1} e makes it exact, and since x_i' H^{-1} x_i <= 1 / h_i that changes residual i
by at most ``sqrt(h_i) sqrt(e' H^{-1} e)``.  The proof asks that this be less than what is there.

References: Stiemke (1915); Albert & Anderson, "On the existence of maximum likelihood estimates in
logistic regression models" (1984).
"""

import numpy as np

from fastlogreg import design
from fastlogreg.recession.exact import EPS, dense_columns
from fastlogreg.solvers.linear import Inverse

LEAST = 1e-25  # residuals are not counted smaller; any positive number may stand in their place
CURVED = 1e-7  # rows whose curvature is below this share of their weight are not moved
LARGEST_SOFTMAX = 1500  # parameters of a softmax up to which it is tried
ROOM = 0.5  # share of a residual that step and rounding may take away


class Balance:
    """The attempt at a proof over the rows of a mask, from `System.residuals` at some coefficients.

    `columns`: independent ones over these rows; None for all.

    Attributes
    ----------
    proved : bool
        Whether the rows of the mask overlap, as a theorem about the data.
    step : ndarray (q,)
        Newton's step; zero for columns that were left out.
    regular : bool
        Whether the Hessian is clearly not singular, so that no other columns need be tried.
    largest : float
        Largest share of a residual that step and rounding take away; below 1/2 if proved.
    """

    def __init__(self, system, mask, residuals, columns=None):
        o = system.objective
        self.proved, self.regular, self.largest = False, False, np.inf
        self.system, self.step = system, np.zeros(system.q)
        r, self._curvature = residuals
        r = r * mask
        _keep_from_zero(r, mask * system.sign, o.weight)
        some = slice(None) if columns is None else np.asarray(columns, dtype=int)
        gradient = o.gather(r)[some]
        if gradient.size == 0:
            self.proved, self.largest = True, 0.0  # rows of zeros balance anyhow
            return
        rows = _thinned(mask, len(gradient))
        part = o if rows is None else o.sample(rows, 1.0)
        h = self._curvature * mask if rows is None else self._curvature[rows]
        h[self._flat(slice(None) if rows is None else rows)] = 0.0
        hessian = part.gram(h) * part.total_weight
        if columns is not None:
            hessian = hessian[np.ix_(some, some)]
        try:
            self.step[some] = -Inverse(hessian)(gradient)
        except FloatingPointError:
            return
        change = h * part.along(self.step)
        size, rows = np.abs(r), slice(None) if rows is None else rows
        held = (system.sign[rows] != 0.0) & mask[rows]
        moved, there = np.abs(change), size[rows][held]
        scale, smallest = self._conditioning(hessian)
        if smallest <= 0.0:
            return
        self.largest = float((moved[held] / there).max(initial=0.0))
        if self.largest >= ROOM:
            return
        size[rows] += moved
        left = self._rest(gradient + part.gather(change)[some], size, scale, smallest, some)
        taken = (moved + left * np.sqrt(h))[held] / there
        self.largest = float(taken.max(initial=0.0))
        self.proved = self.largest < ROOM

    @property
    def gain(self):
        """What the step gains in each row's margin: about 1 where it runs off.

        1 also for rows that are so far out that no curvature is left.
        """
        along = self.system.sign * self.system.objective.along(self.step)
        return np.where(self._flat(slice(None)) & (self.system.sign != 0.0), 1.0, along)

    def _flat(self, rows):
        """Which of some rows have too little curvature to be moved."""
        weight = self.system.objective.weight
        return self._curvature[rows] < CURVED * (1.0 if weight is None else weight[rows])

    def _conditioning(self, hessian):
        """(scale, the least eigenvalue of the scaled Hessian at least); sets `regular`."""
        diagonal = hessian.diagonal()
        if not diagonal.all():
            return None, 0.0
        scale = np.sqrt(diagonal)
        least = np.linalg.eigvalsh(hessian / scale / scale[:, None])[0]
        least -= 2.0 * len(scale) * self.system.n * EPS
        self.regular = least > 1e-9
        return scale, least

    def _rest(self, left, size, scale, smallest, some):
        """sqrt(e' H^{-1} e) at most, e what residuals leave of the balance, rounding included.

        `left`: e as computed from residuals and their changes, whose sizes add up to `size`.
        """
        n = len(size)
        squares = self.system.objective.gather(size, squared=True)[some]
        left = np.abs(left) + (n + 10) * EPS * np.sqrt(size.sum() * squares)
        return np.linalg.norm(left / scale) / np.sqrt(smallest)


def _keep_from_zero(r, sign, weight):
    """Residuals of hard targets, in place, not below LEAST times their weights."""
    floor = LEAST if weight is None else LEAST * weight
    small = np.abs(r) < floor
    if small.any():
        small &= sign != 0.0
        r[small] = -sign[small] * (floor if weight is None else floor[small])


def _thinned(mask, q):
    """Indices of every so many of a mask's rows, where they are many; None for all rows."""
    step = len(mask) // max(8000, 400 * q)
    if step < 2:
        return None
    rows = np.flatnonzero(mask)
    return rows[:: max(len(rows) // max(8000, 400 * q), 1)].copy()


def softmax_overlaps(X, targets, weight, offset, coef, intercept):
    """The same proof for a softmax at coefficients (K, p) and intercepts (K,) or None; NumPy.

    Row i has a positive weight for each class k that it is not of: the residual pi_ik.  It holds
    whatever the coefficients are, and nothing follows from False.
    """
    n, K = targets.shape
    weight = np.ones(n) if weight is None else weight
    theta = coef if intercept is None else np.column_stack([coef, intercept])
    q = theta.shape[1]
    if (K - 1) * q > LARGEST_SOFTMAX:
        return False
    z = _times(X, theta, intercept is not None)
    if offset is not None:
        z += offset
    proba = np.exp(z - z.max(axis=1, keepdims=True))
    proba /= proba.sum(axis=1, keepdims=True)
    away = (targets == 0.0) & (weight > 0.0)[:, None]
    r = proba - targets
    r[away] = np.maximum(r[away], LEAST)
    own = targets.argmax(axis=1)
    r[np.arange(n), own] -= r.sum(axis=1)
    r *= weight[:, None]
    rows = np.arange(0, n, max(n // max(8000, 100 * K * q), 1))
    picked, h = design.pick_rows(X, rows), proba[rows]
    values = dense_columns(picked, list(range(q)))
    hessian = _softmax_hessian(values, h, weight[rows])
    gradient = _collected(X, r, intercept is not None)[:-1]
    try:
        step = -Inverse(hessian)(gradient.ravel()).reshape(K - 1, q)
    except FloatingPointError:
        return False
    u = np.column_stack([values @ step.T, np.zeros(len(rows))])
    moved = r.copy()
    moved[rows] += weight[rows, None] * h * (u - (h * u).sum(axis=1, keepdims=True))
    diagonal = hessian.diagonal()
    if not diagonal.all():
        return False
    scale = np.sqrt(diagonal)
    smallest = np.linalg.eigvalsh(hessian / scale / scale[:, None])[0]
    smallest -= 2.0 * len(scale) * n * EPS
    if smallest <= 0.0:
        return False
    size = np.abs(moved)
    left = np.abs(_collected(X, moved, intercept is not None))[:-1]
    left += (n + K + 10) * EPS * _collected(abs(X), size, intercept is not None)[:-1]
    reach = np.linalg.norm(left.ravel() / scale) / np.sqrt(smallest)
    repair = np.zeros_like(r)
    repair[rows] = reach * np.sqrt(weight[rows, None] * h)
    return bool((moved - repair > ROOM * r)[away].all())


def _times(X, theta, intercept):
    """X theta' with the intercepts, (n, K)."""
    if not intercept:
        return np.asarray(X @ theta.T)
    return np.asarray(X @ theta[:, :-1].T) + theta[:, -1]


def _collected(X, r, intercept):
    """Sums of the rows of X weighted by each column of r, (K, q)."""
    out = np.asarray(X.T @ r).T
    return np.column_stack([out, r.sum(axis=0)]) if intercept else out


def _softmax_hessian(values, proba, weight):
    """sum_i s_i (diag pi - pi pi') x x_i x_i' without the last class, class by class."""
    K, q = proba.shape[1], values.shape[1]
    out = np.empty(((K - 1) * q,) * 2)
    for k in range(K - 1):
        for m in range(k + 1):
            h = weight * proba[:, k] * ((k == m) - proba[:, m])
            block = (values.T * h) @ values
            out[k * q : (k + 1) * q, m * q : (m + 1) * q] = block
            out[m * q : (m + 1) * q, k * q : (k + 1) * q] = block.T
    return out


def overlap(X, sign, alpha, columns):
    """Whether the weights alpha > 0 prove that the rows overlap; NumPy alone.

    X (n, p) dense or sparse; `sign` (n,) as in `system`; `columns` are independent ones (p stands
    for the intercept).  True only if a strictly positive alpha that balances these columns exactly
    is within the reach of a correction that is bounded with all rounding.
    """
    hard = sign != 0.0
    if not (alpha[hard] > 0.0).all():
        return False
    if not columns:
        return True  # rows of zeros balance anyhow
    values = dense_columns(X, columns)
    signed = np.where(hard, sign, 1.0) * alpha
    size = np.abs(alpha)
    kappa = np.where(size > CURVED * size.max(), size, 0.0)  # what a correction may move
    scale = np.sqrt(kappa @ values**2)
    if not scale.all():
        return False
    n, q = values.shape
    left = np.abs(signed @ values) + (n + 10) * EPS * (size @ np.abs(values))
    factor = np.linalg.qr(np.sqrt(kappa)[:, None] * (values / scale), mode="r")
    smallest = np.linalg.svd(factor, compute_uv=False)[-1] - 10.0 * n * q * EPS
    if smallest <= 0.0:
        return False
    reach = np.linalg.norm(left / scale) / smallest
    return bool((np.sqrt(kappa[hard]) * reach < alpha[hard]).all())
