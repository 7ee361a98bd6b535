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

from fastlogreg.recession.exact import EPS, dense_columns
from fastlogreg.solvers.linear import Inverse

LEAST = 1e-25  # residuals are not counted smaller; any positive number may stand in their place
CURVED = 1e-7  # rows whose curvature is below this share of their weight are not moved
ROOM = 0.5  # share of a residual that step and rounding may take away


class Balance:
    """The attempt at a proof at given coefficients.

    Attributes
    ----------
    proved : bool
        Whether the rows of the mask overlap, as a theorem about the data.
    step : ndarray (q,)
        Newton's step; zero for columns that were left out.
    along : ndarray (n,)
        x_i . step.
    regular : bool
        Whether the Hessian is clearly not singular, so that no other columns need be tried.
    largest : float
        Largest share of a residual that step and rounding take away; below 1/2 if proved.
    """

    def __init__(self, system, mask, theta, columns=None):
        o = system.objective
        z, self.step = o.scores(theta), np.zeros(system.q)
        r, h = np.empty(system.n), np.empty(system.n)
        with np.errstate(over="ignore", invalid="ignore"):
            o.problem.losses(z, r, h)
        weight = 1.0 if o.weight is None else o.weight
        hard = system.sign != 0.0
        small = hard & (np.abs(r) < LEAST * weight)
        if small.any():
            r[small] = -LEAST * (system.sign * weight)[small]
        h[h < CURVED * weight] = 0.0
        if not mask.all():
            r[~mask] = h[~mask] = 0.0
        self.proved, self.regular, self.largest = False, False, np.inf
        self.along = np.zeros(system.n)
        some = slice(None) if columns is None else np.asarray(columns, dtype=int)
        gradient = o.gather(r)[some]
        if gradient.size == 0:
            self.proved, self.largest = True, 0.0  # rows of zeros balance anyhow
            return
        hessian = _sampled_gram(system, h, len(gradient))
        if columns is not None:
            hessian = hessian[np.ix_(some, some)]
        try:
            self.step[some] = -Inverse(hessian)(gradient)
        except FloatingPointError:
            return
        self.along = o.along(self.step)
        self._judge(system, mask & hard, r, h, hessian, some)

    def _judge(self, system, mask, r, h, hessian, some):
        """Whether the moved residuals keep their signs and balance, rounding included."""
        moved = r + h * self.along
        diagonal = hessian.diagonal()
        if not diagonal.all():
            return
        scale = np.sqrt(diagonal)
        smallest = np.linalg.eigvalsh(hessian / scale / scale[:, None])[0]
        n, q = system.n, len(scale)
        smallest -= 2.0 * q * n * EPS
        self.regular = smallest > 1e-9
        left = system.objective.gather(moved)[some]
        size = np.abs(moved)
        squares = system.objective.gather(size, squared=True)[some]
        left = np.abs(left) + (n + 10) * EPS * np.sqrt(size.sum() * squares)
        if smallest <= 0.0:
            return
        repair = np.sqrt(h) * (np.linalg.norm(left / scale) / np.sqrt(smallest))
        share = (np.abs(h * self.along) + repair)[mask] / np.abs(r)[mask]
        kept = (-system.sign * moved)[mask] > 0.0
        self.largest = float(share.max(initial=0.0))
        self.proved = bool(kept.all() and self.largest < ROOM)


def _sampled_gram(system, h, q):
    """X' diag(h) X; over every k-th row only (h is set to zero elsewhere) where rows are many."""
    step = system.n // max(8000, 400 * q)
    if step < 2:
        return system.objective.gram(h) * system.objective.total_weight
    rows = np.arange(0, system.n, step)
    part = system.objective.sample(rows, 1.0)
    picked = h[rows]
    h[:] = 0.0
    h[rows] = picked
    return part.gram(picked) * part.total_weight


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
