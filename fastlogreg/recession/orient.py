"""Signs of what runs off: whether all directions of a cone agree on the sign of a parameter."""

import numpy as np

from fastlogreg.recession import exact
from fastlogreg.recession.program import maximise

BUDGET = 1_000_000  # entries of the linear programs that a set of signs may cost
QUICK_BUDGET = 2_000_000  # products that signs may cost within a fit
BLOCK = 16  # functionals looked at together
FIRST, MORE, ROUNDS = 300, 200, 40


def signs(system, finding, functionals, most):
    """For each functional: +1 or -1 if no direction gives it the other sign, 0 if both occur.

    `functionals` (m, number of spanning vectors): the values of m parameters on the vectors of
    ``finding.span``.  None where deciding it would cost too much, or more than `most` programs.
    """
    G = np.asarray(functionals, dtype=float)
    entries = np.count_nonzero(finding.rising) * G.shape[1] * (len(G) if G.shape[1] > 1 else 1)
    if most < len(G) and entries > QUICK_BUDGET:
        return [None] * len(G)
    products = _products(system, finding)
    scale = np.linalg.norm(products, axis=0)
    products, G = products / scale, G / scale
    margins = system.margins(exact.to_floats(finding.direction, system.q), finding.rising)
    inside = np.linalg.lstsq(products, margins, rcond=None)[0]
    values = G @ inside
    size = np.abs(G) @ np.abs(inside)
    out = [int(s) for s in np.sign(np.where(np.abs(values) > 1e-12 * size, values, 0.0))]
    if products.shape[1] == 1:
        return out
    crosses = _crosses(products, G, inside)
    open_ = [i for i, s in enumerate(out) if s and not crosses[i]]
    for i, s in enumerate(out):
        if s and i not in open_:
            out[i] = 0
    affordable = (
        len(open_) <= most and len(open_) * min(len(products), 4000) * products.shape[1] <= BUDGET
    )
    rows = _Rows(products, products @ inside) if affordable else None
    for i in open_:
        if not affordable:
            out[i] = None
            continue
        lowest = rows.lowest(out[i] * G[i])
        if lowest is None:
            out[i] = None
        elif lowest < -1e-7:
            out[i] = 0
    return out


def _products(system, finding):
    """Products of the rising rows with the spanning vectors, signs taken in."""
    rows, sign = finding.rising, system.sign[finding.rising]
    vectors = np.stack([exact.to_floats(v, system.q) for v in finding.span.values()], axis=1)
    vectors *= [float(max(map(abs, v.values()))) for v in finding.span.values()]
    used = np.flatnonzero(vectors.any(axis=1))
    values = exact.dense_columns(system.X, used.tolist(), rows)
    return sign[:, None] * (values @ vectors[used])


def _crosses(products, G, inside):
    """Whether a straight way from the direction inside the cone leads to the other sign of G[i]."""
    values = G @ inside
    steps = np.linalg.lstsq(products.T @ products, -np.sign(values) * G.T, rcond=None)[0]
    margins, out = products @ inside, np.zeros(len(G), dtype=bool)
    for begin in range(0, len(G), BLOCK):
        change = products @ steps[:, begin : begin + BLOCK]
        ratio = np.divide(
            margins[:, None], -change, out=np.full_like(change, 1e12), where=change < 0
        )
        far = 0.999 * ratio.min(axis=0)
        end = np.einsum(
            "ij,ji->i",
            G[begin : begin + BLOCK],
            inside[:, None] + far * steps[:, begin : begin + BLOCK],
        )
        out[begin : begin + BLOCK] = values[begin : begin + BLOCK] * end < 0.0
    return out


class _Rows:
    """The inequalities products c >= 0, and those of them that programs have needed so far."""

    def __init__(self, products, margins):
        size = np.abs(products).max(axis=1)
        size[size == 0.0] = 1.0
        self.products = products / size[:, None]
        self.chosen = np.argsort(margins / size)[:FIRST]

    def lowest(self, gain):
        """min gain . c over products c >= 0, |c| <= 1; None if it cannot be had."""
        gain = gain / np.abs(gain).max()
        for _ in range(ROUNDS):
            c = maximise(-gain, self.products[self.chosen])
            if c is None:
                return None
            margins = self.products @ c
            violated = np.setdiff1d(np.flatnonzero(margins < -1e-9), self.chosen)
            if violated.size == 0 or gain @ c >= 0.0:
                return float(gain @ c)
            order = np.argsort(margins[violated], kind="stable")[:MORE]
            self.chosen = np.append(self.chosen, violated[order])
        return None
