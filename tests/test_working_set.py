"""The parts of the proximal solver: borders, samples, walks along columns, screening."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
import fastlogreg.solvers  # its modules are reached by their full names below
from fastlogreg import design
from fastlogreg._kernels import core as kernels


@pytest.fixture
def proximal():
    import sys

    return sys.modules["fastlogreg.solvers.proximal"]


def data(n=150, p=30, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    y = (X[:, 0] - X[:, 1] + rng.logistic(size=n) > 0).astype(np.uint8)
    return X, y


KINDS = {"C": np.asarray, "F": np.asfortranarray, "CSR": sp.csr_array, "CSC": sp.csc_array}
PENALTIES = {
    "lasso": {"alpha": 0.02, "l1_ratio": 1.0},
    "elastic net": {"alpha": 0.05, "l1_ratio": 0.3},
    "box": {"alpha": 0.01, "bounds": (-0.1, 0.2)},
    "factors": {"alpha": 0.05, "l1_ratio": 1.0, "penalty_factor": np.r_[0.0, np.ones(29)]},
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_without_a_gram_matrix(proximal, monkeypatch, penalty, kind, intercept, dtype):
    X, y = data()
    X = KINDS[kind](X.astype(dtype))
    options = {"fit_intercept": intercept, "tol": 1e-10, "solver": "proximal", **PENALTIES[penalty]}
    want = fastlogreg.fit(X, y, **options)
    monkeypatch.setattr(proximal, "GRAM", (1, 1))
    got = fastlogreg.fit(X, y, **options)
    assert got.converged
    assert got.objective == pytest.approx(want.objective, rel=1e-9)
    assert got.certificate.verify(X, y)


@pytest.mark.parametrize("unit", [1e-20, 1e-9, 1.0, 1e9, 1e20])
@pytest.mark.parametrize("kind", ["F", "CSR", "CSC"])
def test_units_without_a_gram_matrix(proximal, monkeypatch, kind, unit):
    """Squares beyond what single precision holds; stored values that are all 1."""
    X, y = data()
    for values in (X, np.where(X > 0.5, 1.0, 0.0)):
        options = {"alpha": 0.01 * unit, "l1_ratio": 1.0, "tol": 1e-10}
        want = fastlogreg.fit(values, y, **{**options, "alpha": 0.01})
        with monkeypatch.context() as few:
            few.setattr(proximal, "GRAM", (1, 1))
            got = fastlogreg.fit(KINDS[kind](values * unit), y, **options)
        assert got.converged
        np.testing.assert_allclose(got.coef * unit, want.coef, atol=1e-4)
        assert got.objective == pytest.approx(want.objective, rel=1e-9)


@pytest.mark.parametrize("kind", ["C", "CSR"])
def test_a_border_is_what_a_new_matrix_would_be(level, kind):
    X, y = data(n=400)
    problems = [
        kernels.Problem(design.as_matrix(KINDS[kind](X[:, :m])), y, None, None, True)
        for m in (13, 30)
    ]
    nothing, wide = np.zeros(30), np.full(30, np.inf)
    grown = kernels.WorkingSet(problems[0], 30)
    for working in (grown, fresh := kernels.WorkingSet(problems[1], 30)):
        m = working.size
        working.evaluate()
        l1 = np.full(m, 1e9)
        working.penalise(l1, nothing[:m], -wide[:m], wide[:m])
        working.minimise(1e-3, 0.0, 0)
    grown.add(problems[1])
    np.testing.assert_allclose(grown.gradient, fresh.gradient, rtol=1e-12, atol=1e-11)
    grown.penalise(1e9, 0.0, -np.inf, np.inf)  # a number stands for all columns
    grown.minimise(1e-3, 0.0, 0)
    np.testing.assert_allclose(grown.gram, fresh.gram, rtol=1e-12, atol=1e-12 * 400)


@pytest.mark.parametrize("scale", [10.0, 100.0, 1e3])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("p", [1, 5, 30])
def test_steps_come_back_from_rows_that_are_wrong_beyond_doubt(p, kept, scale):
    """There a row has a full residual and no curvature: Newton's step would have no bound.

    Such a point is met where a step over columns of few rows, accepted for what others gain by it,
    puts a row far on its wrong side; so is a Gram matrix made where those rows were right.
    """
    X, y = data(n=300)
    want = fastlogreg.fit(X[:, :p], y, alpha=0.02, l1_ratio=1.0, tol=1e-12)
    working = kernels.WorkingSet(
        kernels.Problem(design.as_matrix(X[:, :p]), y, None, None, True), p
    )
    terms = np.full(p, 0.02 * 300), np.zeros(p), np.full(p, -np.inf), np.full(p, np.inf)
    working.penalise(*terms)
    far = scale * np.where(np.arange(p) == 1, -1.0, 1.0)
    if kept:
        working.coef[:p] = far
        working.evaluate()
        working.minimise(1e-9, 0.0, 0)
    working.coef[:p], working.intercept = -far, 0.0
    working.evaluate()
    assert (np.abs(working.residual[:300]) > 0.99).any()
    status, _ = working.minimise(1e-9, 0.0, 200)
    assert status == "converged"
    np.testing.assert_allclose(working.coef[:p], want.coef, atol=1e-4)


def test_working_sets_refuse_what_does_not_fit():
    X, y = data()
    problem = kernels.Problem(design.as_matrix(X), y, None, None, True)
    other = kernels.Problem(design.as_matrix(X[:80]), y[:80], None, None, True)
    with pytest.raises(ValueError, match="do not fit"):
        kernels.WorkingSet(problem, 10)
    working = kernels.WorkingSet(problem, 40)
    with pytest.raises(ValueError, match="do not fit"):
        working.hold(other)
    with pytest.raises(ValueError, match="different lengths"):
        working.penalise(np.zeros(3), np.zeros(30), np.zeros(30), np.zeros(30))
    with pytest.raises(ValueError, match="no penalty"):
        working.minimise(0.0, 0.0, 1)
    with pytest.raises(ValueError, match="outside of X"):
        working.sample(other, np.arange(80) + 100, np.ones(80))
    by_column = kernels.Problem(design.as_matrix(sp.csc_array(X)), y, None, None, True)
    with pytest.raises(ValueError, match="row-wise"):
        kernels.WorkingSet(by_column, 30)
    with pytest.raises(ValueError, match="contiguous"):
        kernels.WorkingSet(problem, 30, False)
    kernels.WorkingSet(by_column, 30, False)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_screening_finds_what_all_products_find(level, kind, intercept):
    X, y = data(n=80, p=600)
    X = KINDS[kind](X)
    problem = kernels.Problem(design.as_matrix(X), y, None, None, intercept)
    screen, rng = kernels.Screen(problem), np.random.default_rng(3)
    a, b = rng.normal(size=(2, 80))
    inside = np.zeros(600, dtype=bool)
    inside[::7] = True
    for turn in np.linspace(0.0, 1.0, 40):
        r = (1 - turn) * a + turn * b + 1e-3 * rng.normal(size=80)
        if intercept:
            r -= r.mean()
        l1 = np.linspace(17.0, 19.0, 600) if turn < 0.5 else 18.0
        found = screen.violators(r, l1, inside)
        products = np.abs(X.T @ r)
        want = np.flatnonzero((products > l1) & ~inside)
        near = np.flatnonzero((products > 0.95 * l1) & ~inside) if len(want) else want
        assert set(found) in (set(want), set(near))
        falls = [(np.diff((products - share * l1)[found]) <= 1e-9).all() for share in (0.95, 1.0)]
        assert any(falls)
        assert not len(screen.foreseen(1e6, inside))
        assert set(screen.foreseen(0.0, inside)) >= set(found)
    if not sp.issparse(X):
        assert screen.learned < (14 if intercept else 25)  # most of them without a read of X


def test_screening_keeps_more_residuals_than_there_are_places():
    """Residuals of all directions: the oldest make room for the newest."""
    X, y = data(n=60, p=300)
    screen = kernels.Screen(kernels.Problem(design.as_matrix(X), y, None, None, False))
    inside, rng = np.zeros(300, dtype=bool), np.random.default_rng(5)
    for turn in range(60):
        r = rng.normal(size=60) if turn % 3 else np.zeros(60)
        if turn % 5 == 0:
            screen.learn(r)
        found = screen.violators(r, 12.0, inside)
        excess = np.abs(X.T @ r) - 12.0
        assert set(found) >= set(np.flatnonzero(excess > 0))
        assert (excess[found] > -0.05 * 12.0).all()


def test_screens_refuse_what_does_not_fit():
    X, y = data()
    screen = kernels.Screen(kernels.Problem(design.as_matrix(X), y))
    inside, r = np.zeros(30, dtype=bool), np.zeros(150)
    for wrong in (
        lambda: screen.learn(r[:9]),
        lambda: screen.violators(r[:9], 1.0, inside),
        lambda: screen.violators(r, np.ones(29), inside),
        lambda: screen.violators(r, 1.0, inside[:29]),
        lambda: screen.foreseen(np.ones(31), inside),
    ):
        with pytest.raises(ValueError, match="different lengths"):
            wrong()
    rows = kernels.Problem(design.as_matrix(X), y[:3], None, None, True, np.arange(3))
    with pytest.raises(ValueError, match="all rows"):
        kernels.Screen(rows)


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_step_left_over_is_taken_by_one_product(kind, intercept, bounded):
    """The point is what an evaluation there finds; where nothing is gained it stays."""
    X, y = data(n=200)
    offset = np.linspace(-1.0, 1.0, 200)
    problem = kernels.Problem(design.as_matrix(KINDS[kind](X)), y, None, offset, intercept)
    working = kernels.WorkingSet(problem, 30, kind in ("C", "CSR"))
    working.penalise(2.0, 0.5, -0.1 if bounded else -np.inf, np.inf)
    working.evaluate()
    before = working.objective
    assert working.minimise(0.0, 1e-3, 0) == ("max_iter", 0)
    landing = np.empty(30)
    ahead = working.look_ahead(landing)
    assert working.take()
    assert working.objective == pytest.approx(ahead, rel=1e-12)
    assert ahead < before
    np.testing.assert_allclose(working.coef[:30], landing, rtol=1e-12)
    assert not bounded or (working.coef[:30] >= -0.1).all()
    names = "gradient", "residual", "score", "curvature"
    taken = [getattr(working, name).copy() for name in names]
    taken_b, loss = working.gradient_b, working.loss
    working.evaluate()
    for name, array in zip(names, taken, strict=True):
        np.testing.assert_allclose(array, getattr(working, name), rtol=1e-9, atol=1e-11)
    assert (taken_b, loss) == pytest.approx((working.gradient_b, working.loss), abs=1e-10)
    working.minimise(0.0, 1e-12, 50)  # as far as it goes: the step left gains nothing
    at = working.coef.copy()
    for _ in range(3):
        if not working.take():
            break
    assert not working.take()
    np.testing.assert_allclose(working.coef, at, atol=1e-9)


def test_callbacks_see_every_iteration_of_a_wide_fit():
    X, y = data(n=60, p=400)
    for A in (X, sp.csr_array(X)):
        seen = []
        got = fastlogreg.fit(
            A, y, alpha=0.02, l1_ratio=1.0, callback=lambda state, seen=seen: seen.append(state)
        )
        assert [state.n_iter for state in seen] == list(range(1, got.n_iter + 1))
        assert (np.diff([state.objective for state in seen]) <= 1e-12).all()
        stopped = fastlogreg.fit(
            A, y, alpha=0.02, l1_ratio=1.0, callback=lambda state: state.n_iter == 2
        )
        assert stopped.n_iter == 2
        assert stopped.stop_reason == "stopped by the callback"
        assert stopped.objective == seen[1].objective


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("ones", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("by_column", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_copied_one_after_the_other(kind, by_column, dtype, ones, n_threads):
    """A matrix of the first ones stays what it was when others join them."""
    dense = np.random.default_rng(2).normal(size=(401, 700)).astype(dtype)
    dense[dense < 0.3] = 0.0
    dense = (dense > 0).astype(dtype) if ones else dense
    X = KINDS[kind](dense)
    order = np.random.default_rng(1).permutation(700)[:400]
    if sp.issparse(X) and not by_column:
        with pytest.raises(ValueError, match="by column only"):
            kernels.Columns(design.as_matrix(X), by_column)
        return
    columns, seen = kernels.Columns(design.as_matrix(X), by_column), []
    for begin, end in ((0, 1), (1, 1), (1, 70), (70, 90), (90, 400)):
        columns.add(order[begin:end], n_threads)
        seen.append(columns.matrix)
        assert columns.count == end
    for matrix in seen:
        m = matrix.shape[1]
        assert matrix.layout == ("CSC" if sp.issparse(X) else "F" if by_column else "C")
        problem = kernels.Problem(matrix, None, None, None, False)
        products, scores = np.empty(m), np.empty(401)
        r, w = np.random.default_rng(m).normal(size=(2, 401))
        w = w[np.arange(m) % 401]
        problem.collect(r, products)
        problem.predict(w, scores)
        part = dense[:, order[:m]].astype(float)
        np.testing.assert_allclose(products, part.T @ r, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(scores, part @ w, rtol=1e-10, atol=1e-10)


def test_columns_that_are_not_there():
    X, _ = data()
    for kind in KINDS:
        columns = kernels.Columns(design.as_matrix(KINDS[kind](X)), True)
        with pytest.raises(ValueError, match="no columns"):
            _ = columns.matrix
        for wrong in ([30], [-1], [0, 99]):
            with pytest.raises(ValueError, match="outside of X"):
                columns.add(np.array(wrong))
    with pytest.raises(ValueError, match="twice"):
        kernels.Columns(design.as_matrix(sp.csr_array(X)), True).add(np.array([3, 3]))


def test_problems_over_other_columns():
    X, y = data(n=21, p=9)
    offset, weight = np.random.default_rng(0).random((2, 21))
    problem = kernels.Problem(design.as_matrix(X), y, weight, offset, True)
    theta = np.linspace(-1.0, 1.0, 6)
    over, part = np.empty(6), np.empty(6)
    loss = problem.over(design.as_matrix(X[:, 2:7])).evaluate(theta, over)
    direct = kernels.Problem(design.as_matrix(X[:, 2:7]), y, weight, offset, True)
    assert direct.evaluate(theta, part) == loss
    np.testing.assert_array_equal(over, part)
    with pytest.raises(ValueError, match="rows"):
        problem.over(design.as_matrix(X[:20]))


def test_positions_that_are_not_zero():
    x = np.array([0.0, -0.0, np.nan, 1e-320, 0.0, -np.inf])
    assert kernels.nonzero(x).tolist() == [2, 3, 5]
    assert kernels.nonzero(x[:0]).tolist() == []


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", "CF")
def test_products_of_some_columns(level, order, dtype):
    X, _ = data(n=61, p=45)
    X = np.asarray(X.astype(dtype), order=order)
    problem = kernels.Problem(design.as_matrix(X), None, None, None, False)
    r, columns = np.random.default_rng(0).normal(size=61), np.array([44, 0, 7, 7])
    out = np.empty(4)
    problem.collect_some(r, columns, out)
    np.testing.assert_allclose(out, X[:, columns].T.astype(float) @ r, rtol=1e-12, atol=1e-12)
    for wrong in ([45], [-1]):
        with pytest.raises(ValueError, match="outside of X"):
            problem.collect_some(r, np.array(wrong), np.empty(1))
    with pytest.raises(ValueError, match="different lengths"):
        problem.collect_some(r[:60], columns, out)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.csr_matrix])
def test_columns_of_sparse_data(kind, dtype):
    rng = np.random.default_rng(0)
    X = kind((rng.random((40, 30)) < 0.2) * rng.integers(1, 9, (40, 30)).astype(dtype))
    columns = rng.permutation(30)[:12]
    picked = design.pick_columns(X, columns)
    assert picked.format == "csr"
    np.testing.assert_array_equal(picked.toarray(), X.toarray()[:, columns])
    start, index, values = np.array([0, 2]), np.array([0, 7], dtype=np.int32), np.ones(2)
    with pytest.raises(ValueError, match="out of its bounds"):
        kernels.pick_columns(start, index, values, np.zeros(3, dtype=np.int32))
    with pytest.raises(ValueError, match="do not fit"):
        kernels.pick_columns(np.array([0, 5]), index, values, np.zeros(9, dtype=np.int32))


def test_tall_data_begin_with_a_sample():
    X, y = data(n=60_000, p=12)
    seen = []
    result = fastlogreg.fit(X, y, alpha=0.01, l1_ratio=1.0, callback=seen.append)
    assert result.converged
    assert result.n_iter <= 4
    assert result.certificate.verify(X, y)
    assert seen[0].objective - result.objective < 1e-4 * result.objective
