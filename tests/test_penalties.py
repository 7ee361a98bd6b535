"""Absolute values, elastic nets, factors and bounds: against the reference, and what must hold."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastlogreg
from common.penalised import PENALTIES, TOL, P, Problem, columns, labels
from fastlogreg import reference

ROWS = {
    "plain": lambda n, rng: {},
    "weights": lambda n, rng: {"sample_weight": rng.integers(0, 4, n).astype(float)},
    "offset": lambda n, rng: {"offset": rng.normal(size=n)},
    "soft targets": lambda n, rng: {"y": rng.random(n)},
    "no intercept": lambda n, rng: {"fit_intercept": False},
    "everything": lambda n, rng: {
        "y": rng.random(n), "sample_weight": rng.random(n), "offset": rng.normal(size=n)
    },
}  # fmt: skip


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_with_all_that_rows_may_have(penalty, rows):
    X = columns()
    arguments = {"y": labels(X)} | ROWS[rows](len(X), np.random.default_rng(2))
    problem = Problem(X, penalty=PENALTIES[penalty], **arguments)
    problem.check(problem.fit())
    problem.check(problem.fit(tol=1e-15), tol=1e-14, atol=1e-6)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_on_every_memory_layout(penalty, basic_layout):
    X = basic_layout.make(columns())
    weight = np.random.default_rng(3).random(200)
    problem = Problem(X, labels(X), PENALTIES[penalty], sample_weight=weight)
    problem.check(problem.fit(), unique="ones" not in basic_layout.name)  # of which some are alike


@pytest.mark.parametrize("penalty", ["elastic net", "box alone"])
def test_every_layout_and_instruction_set(layout, level, penalty):
    X = layout.make(columns())
    y = labels(layout.dense(X))
    if layout.name == "one-row-repeated":
        y[:150] = 0.0
    problem = Problem(X if sp.issparse(X) else np.asarray(X, dtype=float), y, PENALTIES[penalty])
    result = problem.fit(X=X)
    assert result.converged
    assert result.certificate.relative_gap <= TOL
    assert abs(result.objective - problem.minimum) <= 2.0 * TOL * problem.minimum
    if penalty == "elastic net":  # the box alone leaves more than one optimum where columns vanish
        np.testing.assert_allclose(result.coef, problem.coef, atol=1e-6)


def strongest(problem, l1_ratio):
    """The least alpha that leaves no coefficient."""
    coef, intercept = np.zeros(problem.X.shape[1]), 0.0
    data = {k: v for k, v in problem.arguments.items() if k != "fit_intercept"}
    if problem.arguments.get("fit_intercept", True):
        ones = np.zeros((len(problem.y), 0))
        _, intercept, _ = reference.newton(ones, problem.y, tol=1e-20, **data)
    else:
        intercept = None
    _, gradient = reference.loss_gradient(problem.X, problem.y, coef, intercept, **data)
    return np.abs(gradient[: len(coef)]).max() / l1_ratio


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_every_problem(problem, l1_ratio, kind):
    """The certificate, recomputed in NumPy, is the judge."""
    limit = strongest(problem, l1_ratio)
    data = {k: v for k, v in problem.arguments.items() if k != "fit_intercept"}
    for share in (0.5, 0.02):
        result = fastlogreg.fit(
            kind(problem.X), problem.y, alpha=share * limit, l1_ratio=l1_ratio,
            tol=1e-10, **problem.arguments,
        )  # fmt: skip
        assert result.converged
        assert result.certificate.relative_gap <= 1e-10
        assert result.coef.any()
        assert result.certificate.verify(problem.X, problem.y, **data)
    for share, tol in ((1.0 + 1e-9, 1e-14), (1.01, 1e-9), (3.0, 1e-9)):
        none = fastlogreg.fit(
            kind(problem.X), problem.y, alpha=share * limit, l1_ratio=l1_ratio,
            tol=tol, **problem.arguments,
        )  # fmt: skip
        assert none.converged
        np.testing.assert_array_equal(none.coef, 0.0)


# ---------------------------------------------------------------------- bits and orders


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((20_000, 30), np.asarray),
        ((20_000, 30), np.asfortranarray),
        ((20_000, 300), sp.csr_array),
        ((20_000, 300), sp.csc_array),
        ((60, 4000), np.asarray),
        ((60, 4000), np.asfortranarray),
        ((200, P), np.asarray),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_threads_do_not_change_a_bit(shape, kind, dtype):
    rng = np.random.default_rng(6)
    X = rng.normal(size=shape) * (rng.random(shape) < (0.05 if "c" in kind.__name__[:2] else 0.5))
    X = kind(X.astype(dtype))
    y = labels(X)
    alpha = 0.2 * np.abs(X.T @ (y - y.mean())).max() / len(y)
    for options in ({"l1_ratio": 1.0}, {"l1_ratio": 0.5, "bounds": (0.0, None)}):
        runs = [
            fastlogreg.fit(X, y, alpha=alpha, n_threads=n_threads, **options)
            for n_threads in (1, 2, 3)
        ]
        for other in runs[1:]:
            np.testing.assert_array_equal(other.coef, runs[0].coef)
            assert other.intercept == runs[0].intercept
            assert other.objective == runs[0].objective
            assert other.certificate.gap == runs[0].certificate.gap
        assert runs[0].coef.any()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_orders_of_rows_and_columns_do_not_matter(penalty):
    X, rng = columns(), np.random.default_rng(7)
    problem = Problem(X, labels(X), PENALTIES[penalty], offset=rng.normal(size=200))
    rows, order = rng.permutation(200), rng.permutation(P)
    data = {"y": problem.y[rows], "offset": problem.data["offset"][rows]}
    problem.check(problem.fit(X=X[rows], **data))
    moved = dict(problem.penalty)
    if "penalty_factor" in moved:
        moved["penalty_factor"] = np.array(moved["penalty_factor"])[order]
    if "bounds" in moved:
        moved["bounds"] = (problem.box["lower"][order], problem.box["upper"][order])
    back = problem.fit(X=X[:, order], **moved)
    np.testing.assert_allclose(back.coef, problem.coef[order], atol=1e-5)
    assert back.objective == pytest.approx(problem.minimum, rel=2.0 * TOL)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_weight_k_is_a_row_k_times(penalty, kind):
    X, rng = columns(), np.random.default_rng(8)
    y, own, shift = labels(X), rng.random(200), rng.normal(size=200)
    times = rng.integers(0, 4, 200)
    rows = np.repeat(np.arange(200), times)
    start = (np.zeros(P), 0.0)
    for _ in range(2):  # one more step from there, so that the coefficients are known to rounding
        options = PENALTIES[penalty] | {"tol": 0.0, "start": start}
        weighted = fastlogreg.fit(kind(X), y, sample_weight=own * times, offset=shift, **options)
        copied = fastlogreg.fit(
            kind(X[rows]), y[rows], sample_weight=own[rows], offset=shift[rows], **options
        )
        start = (weighted.coef, weighted.intercept)
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(weighted.coef == 0, copied.coef == 0)
    assert weighted.intercept == pytest.approx(copied.intercept, rel=1e-9, abs=1e-9)
    assert weighted.objective == pytest.approx(copied.objective, rel=1e-13)


def test_arguments_are_not_changed():
    X, bounds, factor = columns(), (np.full(P, -0.1), np.full(P, 0.2)), np.ones(P)
    y, start = labels(X), np.full(P, 9.0)
    arrays = (X, y, *bounds, factor, start)
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    options = {"bounds": bounds, "penalty_factor": factor, "standardize": True}
    result = fastlogreg.fit(X, y, alpha=0.1, l1_ratio=0.5, start=(start, 0.0), **options)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not np.shares_memory(array, result.coef)


# ---------------------------------------------------------------------- drawn problems


def drawn(seed, n, p, kind, l1_ratio, strength, factors, bounds, rows):
    """A problem without any regularity but an optimum."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, p)).round(3)
    X[rng.random((n, p)) < 0.3] = 0.0
    arguments = {"y": rng.integers(0, 2, n).astype(float)} | ROWS[rows](n, rng)
    arguments["y"][:2] = 0.0, 1.0
    if "sample_weight" in arguments:
        arguments["sample_weight"] = arguments["sample_weight"] + 0.1
    limit = np.abs((X - X.mean(axis=0)).T @ arguments["y"]).max() / n
    penalty = {"alpha": max(strength * limit, 1e-3), "l1_ratio": l1_ratio}
    if factors:
        penalty["penalty_factor"] = rng.integers(1, 4, p) / 2.0
    if bounds:
        ends = np.sort(rng.normal(scale=0.5, size=(2, p)), axis=0)
        if rng.random() < 0.5:
            ends[0], ends[1] = np.minimum(ends[0], 0.0), np.inf
        penalty["bounds"] = tuple(ends)
    return Problem(kind(X), penalty=penalty, **arguments)


@settings(
    max_examples=30, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(
    st.builds(
        drawn,
        seed=st.integers(0, 2**32 - 1),
        n=st.integers(3, 60),
        p=st.integers(1, 10),
        kind=st.sampled_from([np.array, np.asfortranarray, sp.csr_array, sp.csc_array]),
        l1_ratio=st.sampled_from([0.0, 0.3, 1.0]),
        strength=st.sampled_from([0.01, 0.1, 0.5, 1.5]),
        factors=st.booleans(),
        bounds=st.booleans(),
        rows=st.sampled_from(list(ROWS)),
    )
)
def test_drawn_problems(problem):
    result = problem.fit()
    assert result.converged
    assert result.certificate.relative_gap <= 1e-11
    assert abs(result.objective - problem.minimum) <= 1e-11 * problem.minimum
    assert np.all(problem.box["lower"] <= result.coef)
    assert np.all(result.coef <= problem.box["upper"])
    assert result.certificate.verify(problem.X, problem.y, **problem.data)
    scores = [
        problem.X @ coef + (intercept or 0.0)
        for coef, intercept in (
            (result.coef, result.intercept),
            (problem.coef, problem.intercept),
        )
    ]
    np.testing.assert_allclose(*scores, atol=1e-4)
