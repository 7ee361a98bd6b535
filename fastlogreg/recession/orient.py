"""Signs of what runs off: whether all directions of a cone agree on the sign of a parameter."""

import numpy as np

from fastlogreg.recession import exact
from fastlogreg.recession.program import maximise

BUDGET = 2_000_000  # entries of the linear programs that a set of signs may cost
BLOCK = 16  # functionals looked at together
FIRST, MORE, ROUNDS = 300, 200, 40


def signs(system, finding, functionals, most):
    """For each functional: +1 or -1 if no direction gives it the other sign, 0 if both occur.

    `functionals` (m, number of spanning vectors): the values of m parameters on the vectors of
    ``finding.span``.  None where deciding it would cost too much, or more than `most` programs.
    """
    G = np.asarray(functionals, dtype=float)
    products = _products(system, finding)
    scale = np.linalg.norm(products, axis=0)
    products, G = products / scale, G / scale
    margins = system.margins(exact.to_floats(finding.direction, system.q))[finding.rising]
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
    for i in open_:
        if not affordable:
            out[i] = None
            continue
        lowest = _lowest(out[i] * G[i], products)
        if lowest is None:
            out[i] = None
        elif lowest < -1e-7 * np.abs(G[i]).max():
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


def _lowest(gain, products):
    """min gain . c over products c >= 0, |c| <= 1; None if it cannot be had."""
    count = len(products)
    size = np.abs(products).max(axis=1)
    products = products / np.where(size > 0.0, size, 1.0)[:, None]
    chosen = np.linspace(0, count - 1, min(count, FIRST)).astype(int)
    for _ in range(ROUNDS):
        c = maximise(-gain / np.abs(gain).max(), products[chosen])
        if c is None:
            return None
        margins = products @ c
        violated = np.flatnonzero(margins < -1e-9)
        violated = np.setdiff1d(violated, chosen)
        if violated.size == 0 or gain @ c >= 0.0:
            return float(gain @ c)
        order = np.argsort(margins[violated], kind="stable")[:MORE]
        chosen = np.union1d(chosen, violated[order])
    return None
