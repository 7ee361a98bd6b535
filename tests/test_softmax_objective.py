"""What stands on the class kernels: the objective, its Hessian, what solvers do between passes."""

import numpy as np
import pytest

from common.arrays import ALL, values
from common.softmax import KINDS, Setting, kinds
from fastlogreg import design
from fastlogreg import reference_softmax as many
from fastlogreg._kernels import core as kernels
from fastlogreg.penalty import Penalty
from fastlogreg.softmax import Preconditioner, SoftmaxObjective
from fastlogreg.solvers.quasi_newton import Pairs
from fastlogreg.solvers.softmax_hessian import working_hessian

# ---------------------------------------------------------------------- between the passes


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize(("K", "q"), [(1, 1), (2, 9), (10, 65), (13, 7), (100, 3), (3, 300)])
def test_kronecker(level, dense, K, q):
    rng = np.random.default_rng([K, q])
    u, v = rng.normal(size=(K, K)), rng.normal(size=(q, q)) if dense else None
    d, r = rng.random((K, q)), rng.normal(size=(K, q))
    left = np.eye(q) if v is None else v
    want = u @ (d * (u.T @ r @ left)) @ left.T
    product = kernels.Kronecker(u, v, d)
    for _ in range(2):  # it keeps nothing
        got = r.ravel().copy()
        product.apply(got)
        scale = np.abs(want).max()
        np.testing.assert_allclose(got.reshape(K, q), want, rtol=0, atol=1e-13 * scale)


def test_kronecker_refuses_wrong_shapes():
    good = np.eye(3), np.eye(5), np.ones((3, 5))
    for place, bad in ((0, np.ones((3, 4))), (1, np.eye(4)), (1, np.ones((5, 4))), (2, good[1])):
        parts = list(good)
        parts[place] = bad
        with pytest.raises(ValueError, match="length"):
            kernels.Kronecker(*parts)
    with pytest.raises(ValueError, match="length"):
        kernels.Kronecker(*good).apply(np.zeros(14))


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_pairs_are_the_matrices_of_bfgs(level, memory):
    """H <- (I - rho s y') H (I - rho y s') + rho s s', from the initial matrix of Kronecker."""
    rng = np.random.default_rng(memory)
    K, q = 3, 7
    size = K * q
    curvature = rng.normal(size=(size, size))
    curvature = curvature @ curvature.T + np.eye(size)
    initial = kernels.Kronecker(np.eye(K), None, rng.uniform(0.5, 2.0, size=(K, q)))
    H = np.empty((size, size))
    for k in range(size):
        column = np.eye(size)[k].copy()
        initial.apply(column)
        H[:, k] = column
    start, pairs, kept = H, Pairs(size, memory), []

    def precondition(v):
        initial.apply(v)
        return v

    for _ in range(6):
        step = rng.normal(size=size)
        pairs.add(step, curvature @ step)
        kept.append((step, curvature @ step))
        pairs.add(step, -curvature @ step)  # no curvature: left out
        g = rng.normal(size=size)
        H = start
        for s, change in kept[-memory:]:
            rho = 1.0 / (s @ change)
            left = np.eye(size) - rho * np.outer(s, change)
            H = left @ H @ left.T + rho * np.outer(s, s)
        np.testing.assert_allclose(
            pairs.direction(g, precondition), -H @ g, rtol=0, atol=1e-10 * np.abs(H @ g).max()
        )


def test_pairs_refuse_wrong_lengths():
    pairs = Pairs(6, 3)
    for bad in (lambda v: pairs.add(v, np.ones(6)), lambda v: pairs.add(np.ones(6), v)):
        with pytest.raises(ValueError, match="length"):
            bad(np.ones(5))
    for bad in (pairs.first, pairs.second):
        with pytest.raises(ValueError, match="length"):
            bad(np.ones(7))
    with pytest.raises(ValueError, match="at least 1"):
        Pairs(6, 0)


# ---------------------------------------------------------------------- the objective over them


def objective_over(kind, K, reference_class=None, l2=0.1, **options):
    setting = Setting(KINDS[kind](values(90, 6)), K, **options)
    X = KINDS[kind](values(90, 6))
    objective = SoftmaxObjective(
        X, design.as_matrix(X), setting.y, K, setting.s, setting.o, options["intercept"],
        Penalty(l2=l2), 1, reference_class,
    )  # fmt: skip
    return setting, objective


@pytest.mark.parametrize("reference_class", [None, 2])
@kinds
def test_objective(kind, reference_class):
    setting, objective = objective_over(kind, 4, reference_class, **ALL)
    free = objective.free
    theta = setting.theta[free].ravel()
    full = np.zeros((4, 7))
    full[free] = setting.theta[free]
    data = {"sample_weight": setting.s, "offset": setting.o}
    proba = objective.probabilities()
    f, gradient = objective.value_gradient(theta, proba=proba)
    X = setting.design[:, :6]
    want, slope = many.softmax_loss_gradient(
        X, setting.y, full[:, :6], full[:, 6], alpha=0.1, **data
    )
    assert f == pytest.approx(want, rel=1e-13)
    np.testing.assert_allclose(gradient, slope[free].ravel(), atol=1e-14)
    hessian = many.softmax_hessian(X, full[:, :6], full[:, 6], alpha=0.1, **data)
    some = (7 * free[:, None] + np.arange(7)).ravel()
    hessian = hessian[np.ix_(some, some)]
    v = setting.v[free].ravel()
    np.testing.assert_allclose(objective.curved_product(proba, v), hessian @ v, atol=1e-13)
    last = np.arange(6, len(some), 7)
    np.testing.assert_allclose(objective.coupling(proba), hessian[np.ix_(last, last)], atol=1e-14)


@pytest.mark.parametrize("reference_class", [None, 0])
@kinds
def test_working_hessian(kind, reference_class):
    """Of some parameters, without ridge; shifts of all intercepts get a curvature."""
    setting, objective = objective_over(kind, 5, reference_class, l2=0.0, **ALL)
    theta = setting.theta[objective.free].ravel()
    proba = objective.probabilities()
    objective.value_gradient(theta, proba=proba)
    full = np.zeros((5, 7))
    full[objective.free] = setting.theta[objective.free]
    data = {"sample_weight": setting.s, "offset": setting.o}
    whole = many.softmax_hessian(setting.design[:, :6], full[:, :6], full[:, 6], **data)
    rng = np.random.default_rng(0)
    for share in (0.2, 0.6, 1.0):
        some = np.flatnonzero(rng.random(len(theta)) <= share)
        place = 7 * objective.free[some // 7] + some % 7
        want = whole[np.ix_(place, place)]
        shifts = np.flatnonzero(some % 7 == 6)
        if reference_class is None and len(shifts):
            want[np.ix_(shifts, shifts)] += want[shifts, shifts].mean()
        np.testing.assert_allclose(working_hessian(objective, proba, some), want, atol=1e-14)


@pytest.mark.parametrize("kind", ["C", "F", "CSR"])
@pytest.mark.parametrize("reference_class", [None, 1])
def test_preconditioner(kind, reference_class):
    """The inverse of coupling x second moments + ridge, but for shifts of all classes.

    The moments are summed in single precision.
    """
    setting, objective = objective_over(kind, 4, reference_class, **ALL)
    precondition = Preconditioner(objective)
    proba = objective.probabilities()
    objective.value_gradient(setting.theta[objective.free].ravel(), proba=proba)
    s = setting.weights / setting.weights.sum()
    second = setting.design.T @ (s[:, None] * setting.design)
    if kind == "CSR":
        second = np.diag(second.diagonal())
    for at in (None, proba):
        if at is not None:
            precondition.at(at)
        pi = np.full((90, 4), 0.25) if at is None else at[:, :90].T
        coupling = np.diag(s @ pi) - pi.T @ (s[:, None] * pi)
        coupling = coupling[np.ix_(objective.free, objective.free)]
        size, mixing = np.linalg.eigh(coupling)
        vectors = np.eye(7) if kind == "CSR" else np.linalg.eigh(second)[1]
        ridge = vectors.T**2 @ np.append(np.full(6, 0.1), 0.0)
        moments = (vectors * (second @ vectors)).sum(axis=0)
        curved = np.outer(np.where(size > 1e-9, size, 0.0), moments) + ridge
        inverse = np.where(curved > 1e-14, 1.0 / np.maximum(curved, 1e-14), 0.0)
        r = setting.v[objective.free]
        want = mixing @ (inverse * (mixing.T @ r @ vectors)) @ vectors.T
        got = precondition(r.ravel().copy()).reshape(r.shape)
        np.testing.assert_allclose(got, want, atol=1e-6 * np.abs(want).max())
