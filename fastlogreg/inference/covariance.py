"""Covariance matrices of the estimates: from the model, heteroscedasticity-robust, clustered.

HC0 is the sandwich of White (1982, Maximum likelihood estimation of misspecified models); HC1 to
HC3 correct for leverage as MacKinnon and White (1985). Clustered: Liang and Zeger (1986).
"""

import numpy as np

from fastlogreg import design
from fastlogreg.inference.information import inverse
from fastlogreg.inference.likelihood import quadratic_forms, row_blocks

KINDS = ("nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster")
_BLOCK = 1 << 17


def model_covariance(information, free):
    """The inverse of the information of the parameters in a mask, zero for the others."""
    full = np.zeros_like(information)
    block = np.ix_(free, free)
    full[block] = inverse(information[block])
    return full


def robust_covariance(likelihood, theta, bread, kind, weights, n, groups=None):
    """Sandwich covariance of one of `KINDS`.

    bread : the inverse information; zero for what is not estimated.
    weights : "frequency", each row stands for that many; "sampling", its score is so much larger.
    n : number of observations, for HC1.
    groups : codes 0.. of the rows' clusters.
    """
    probability = likelihood.probabilities(theta)
    residual = (likelihood.onehot - probability)[:, 1:]
    s = likelihood.s
    if kind == "cluster":
        meat = _clustered(likelihood, residual * s[:, None], groups)
        count = len(np.unique(groups[s > 0.0]))
        return bread @ meat @ bread * (count / (count - 1.0))
    power = {"HC0": 0.0, "HC1": 0.0, "HC2": -0.5, "HC3": -1.0}[kind]
    factor = s if weights == "frequency" else s * s
    if power:
        of_one = np.ones(likelihood.n) if weights == "frequency" else s
        forms = quadratic_forms(likelihood.blocks(), likelihood.n, bread, likelihood.m)
        hat = curvature_matrices(probability, of_one) @ forms
        residual = np.einsum("ikl,il->ik", _power_of_rest(hat, power), residual)
    meat = likelihood.gram(lambda k, j: factor * residual[:, k] * residual[:, j])
    covariance = bread @ meat @ bread
    if kind == "HC1":
        covariance *= n / (n - np.count_nonzero(bread.diagonal()))
    return covariance


def curvature_matrices(probability, weight):
    """weight_i (diag(p_i) - p_i p_i') over the classes but the reference: (n, m, m)."""
    free = probability[:, 1:]
    if free.shape[1] == 1:
        return (weight * free[:, 0] * probability[:, 0])[:, None, None]
    out = -free[:, :, None] * free[:, None, :]
    diagonal = np.arange(free.shape[1])
    out[:, diagonal, diagonal] += free
    return out * weight[:, None, None]


def _power_of_rest(hat, power):
    """(I - H)^power for power -1 or -1/2, a matrix a row; Denman and Beavers' iteration (1976)."""
    rest = np.eye(hat.shape[1]) - hat
    if hat.shape[1] == 1:
        return rest**power
    root, other = rest, np.broadcast_to(np.eye(hat.shape[1]), rest.shape)
    if power == -1.0:
        return np.linalg.inv(rest)
    for _ in range(30):
        root, other = (root + np.linalg.inv(other)) / 2, (other + np.linalg.inv(root)) / 2
    return other


def _clustered(likelihood, scores, groups):
    """Sum over the clusters of (sum of their scores)(sum of their scores)'.

    scores : residuals times weights, (n, m).
    """
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    sizes = sizes[sizes > 0]
    ends = np.cumsum(sizes)
    meat = np.zeros((likelihood.size,) * 2)
    step = max(64, _BLOCK // (likelihood.q * likelihood.m))
    first = 0
    while first < len(sizes):
        begin = ends[first] - sizes[first]
        last = max(first + 1, int(np.searchsorted(ends, begin + step, side="right")))
        rows = order[begin : ends[last - 1]]
        starts = ends[first:last] - sizes[first:last] - begin
        meat += _outer_sums(likelihood, scores[rows], rows, starts)
        first = last
    return meat


def _outer_sums(likelihood, scores, rows, starts):
    m, q = scores.shape[1], likelihood.q
    sums = np.zeros((len(starts), m, q))
    part = design.pick_rows(likelihood.rows, rows)
    for piece, block in row_blocks(part, likelihood.fit_intercept):
        # clusters may go over the end of a block: sums of what lies in it are added
        of_cluster = np.searchsorted(starts, np.arange(piece.start, piece.stop), side="right") - 1
        cuts = np.flatnonzero(np.diff(of_cluster, prepend=-1))
        for k in range(m):
            weighted = block * scores[piece, k, None]
            sums[of_cluster[cuts], k] += np.add.reduceat(weighted, cuts, axis=0)
    flat = sums.reshape(len(starts), m * q)
    return flat.T @ flat
