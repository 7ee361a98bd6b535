"""`fastlogreg.fit`: kinds of input it takes, what it refuses and how, and its callback."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import core, reference
from fastlogreg.core import SOLVERS, NonFiniteError
from fastlogreg.result import CALLBACK, CONVERGED, MAX_ITER

SIZES = {"small": (60, 3), "large": (6000, 12), "wide": (12, 40)}


def data(n=60, p=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + rng.logistic(size=n) > 0


# ---------------------------------------------------------------------- callback


class Recorder:
    """A callback that keeps what it is told, and stops after some iterations."""

    def __init__(self, stop_after=None):
        self.seen, self.stop_after = [], stop_after

    def __call__(self, info):
        self.seen.append(info)
        return info.n_iter == self.stop_after


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n", [300, 4000])
def test_callback_is_called_once_an_iteration(solver, n):
    X, y = data(n, 5)
    if solver == "dual" and n > 300:
        return
    recorder = Recorder()
    result = fastlogreg.fit(X, y, alpha=0.01, solver=solver, tol=1e-12, callback=recorder)
    assert [info.n_iter for info in recorder.seen] == list(range(1, result.n_iter + 1))
    assert result.n_iter >= 2
    for info in recorder.seen:
        loss, _ = reference.loss_gradient(X, y, info.coef, info.intercept, alpha=0.01)
        assert info.objective == pytest.approx(loss, rel=1e-12)
        assert info.objective - result.objective <= info.gap + 1e-14
    last = recorder.seen[-1]
    assert last.objective == pytest.approx(result.objective, rel=1e-12)
    np.testing.assert_allclose(last.coef, result.coef, rtol=1e-9)
    silent = fastlogreg.fit(X, y, alpha=0.01, solver=solver, tol=1e-12)
    assert silent.objective == pytest.approx(result.objective, rel=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("stop_after", [1, 2])
def test_callback_that_returns_true_stops(solver, stop_after):
    X, y = data(300, 5)
    recorder = Recorder(stop_after)
    result = fastlogreg.fit(3.0 * X, y, alpha=1e-3, solver=solver, tol=1e-15, callback=recorder)
    assert result.n_iter == stop_after == len(recorder.seen)
    assert (result.stop_reason, result.converged) == (CALLBACK, False)
    loss, _ = reference.loss_gradient(3.0 * X, y, result.coef, result.intercept, alpha=1e-3)
    assert result.objective == pytest.approx(loss, rel=1e-13)


def test_callback_gets_its_own_coefficients():
    X, y = data()
    plain = fastlogreg.fit(X, y, callback=lambda info: None)

    def spoil(info):
        info.coef[:] = np.nan

    assert fastlogreg.fit(X, y, callback=spoil).objective == plain.objective


def test_error_in_a_callback_comes_through():
    X, y = data()
    with pytest.raises(ZeroDivisionError):
        fastlogreg.fit(X, y, callback=lambda info: 1 / 0)


def test_callback_without_intercept_sees_zero():
    X, y = data()
    recorder = Recorder()
    fastlogreg.fit(X, y, fit_intercept=False, callback=recorder)
    assert recorder.seen
    assert all(info.intercept == 0.0 and info.coef.shape == (3,) for info in recorder.seen)


# ---------------------------------------------------------------------- nan, inf, huge


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nan_and_infinity_are_found_anywhere(size, bad, dtype):
    n, p = SIZES[size]
    X, y = data(n, p)
    X = X.astype(dtype)
    rng = np.random.default_rng(0)
    for i, j in [(0, 0), (n - 1, p - 1), (n // 2, 0), (rng.integers(n), rng.integers(p))]:
        spoilt = X.copy()
        spoilt[i, j] = bad
        for kind in (np.ascontiguousarray, np.asfortranarray, sp.csr_array, sp.csc_array):
            for alpha in (0.1, 0.0):
                if alpha == 0.0 and size == "wide":
                    continue
                with pytest.raises(NonFiniteError, match="NaN or infinity"):
                    fastlogreg.fit(kind(spoilt), y, alpha=alpha)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_found_by_every_solver(solver, bad):
    X, y = data(400, 4)
    X[17, 2] = bad
    for max_iter in (0, 100):
        with pytest.raises(NonFiniteError, match="NaN or infinity"):
            fastlogreg.fit(X, y, alpha=0.1, solver=solver, max_iter=max_iter)
    weight = np.where(np.arange(400) == 17, 0.0, 1.0)
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        fastlogreg.fit(X, y, alpha=0.1, solver=solver, sample_weight=weight)


@pytest.mark.parametrize("huge", [1e20, 1e100, 1e150, 1e155, 1e200, 1e308, -1e308])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_huge_values_are_fitted_or_refused(huge, size, alpha):
    X, y = data(*SIZES[size])
    if size == "wide" and alpha == 0.0:
        return
    one_column = X.copy()
    one_column[:, 1] *= abs(huge) / 10.0
    one_value = X.copy()
    one_value[3, 1] = huge
    for spoilt in (one_column, one_value, sp.csr_array(one_column), X * (huge / 10.0)):
        try:
            result = fastlogreg.fit(spoilt, y, alpha=alpha)
        except ValueError as error:
            assert abs(huge) > 1e140 or size == "wide"  # noqa: PT017
            assert "rescale" in str(error)  # noqa: PT017
        else:
            assert np.isfinite(result.coef).all()
            assert np.isfinite(result.intercept)
            assert np.isfinite(result.objective)


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("size", SIZES)
def test_a_start_beyond_everything_is_refused(size, alpha):
    n, p = SIZES[size]
    X, y = data(n, p)
    for solver in ("auto", "newton", "truncated-newton", "lbfgs"):
        for callback in (None, lambda info: None):
            with pytest.raises(ValueError, match="rescale"):
                fastlogreg.fit(
                    X * 1e200, y, alpha=alpha, solver=solver, callback=callback,
                    start=(np.full(p, 1e200), 0.0),
                )  # fmt: skip


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "dual"])
def test_a_far_start_is_no_optimum(solver):
    X, y = data(500, 3)
    best = fastlogreg.fit(X, y, alpha=0.1)
    start = (np.full(3, 1e6), -1e8)
    result = fastlogreg.fit(X, y, alpha=0.1, solver=solver, start=start, max_iter=1000)
    assert result.converged
    assert result.objective == pytest.approx(best.objective, rel=1e-8)


def test_scores_beyond_everything_make_no_nan():
    X, y = data(500, 3)
    best = fastlogreg.fit(X, y, alpha=0.1)
    shifted = fastlogreg.fit(X, y, alpha=0.1, offset=np.full(500, 50.0))
    assert shifted.intercept == pytest.approx(best.intercept - 50.0, abs=1e-3)
    assert shifted.converged


# ---------------------------------------------------------------------- kinds of input


KINDS = {
    "lists": lambda X: X.tolist(),
    "int64": lambda X: X.astype(np.int64),
    "int8": lambda X: X.astype(np.int8),
    "uint16": lambda X: X.astype(np.uint16),
    "bool": lambda X: X.astype(bool),
    "float16": lambda X: X.astype(np.float16),
    "longdouble": lambda X: X.astype(np.longdouble),
    "objects": lambda X: X.astype(object),
    "big-endian": lambda X: X.astype(">f4"),
    "sparse int": lambda X: sp.csr_array(X.astype(np.int64)),
    "sparse bool": lambda X: sp.csc_array(X.astype(bool)),
    "sparse float16": lambda X: sp.csr_array(X).astype(np.longdouble),
    "sparse COO": sp.coo_array,
    "sparse LIL": sp.lil_matrix,
    "matrix": lambda X: np.asarray(X).view(type("Mine", (np.ndarray,), {})),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_x(kind):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2 if "bool" in kind else 5, size=(200, 3)).astype(float)
    y = X[:, 0] + rng.logistic(size=200) > 1
    want = fastlogreg.fit(X, y, alpha=0.1, tol=1e-13)
    got = fastlogreg.fit(KINDS[kind](X), y, alpha=0.1, tol=1e-13)
    np.testing.assert_allclose(got.coef, want.coef, atol=1e-7)
    assert got.certificate.verify(KINDS[kind](X) if kind != "objects" else X, y)
    scores = fastlogreg.decision_function(KINDS[kind](X), want.coef, want.intercept)
    np.testing.assert_allclose(scores, X @ want.coef + want.intercept, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (np.ones((4, 2)) * 1j, "Complex data not supported"),
        (sp.csr_array(np.ones((4, 2)) * 1j), "Complex data not supported"),
        (np.array([["a", "b"]] * 4), "X must hold numbers"),
        (np.array([[None, "b"]] * 4, dtype=object), "X must hold numbers"),
        (np.ones(4), "two dimensions"),
        (np.ones((4, 2, 1)), "two dimensions"),
        (3.0, "two dimensions"),
        (sp.coo_array(np.ones(4)), "two dimensions"),
        (np.empty((0, 2)), "X has no rows"),
        (sp.csr_array((0, 2)), "X has no rows"),
        (np.ones((3, 2)), "inconsistent numbers of samples"),
    ],
)
def test_what_x_may_not_be(X, text):
    with pytest.raises(ValueError, match=text):
        fastlogreg.fit(X, [0, 1, 0, 1])


ENCODINGS = [
    np.array([0, 1] * 30), np.array([-1, 1] * 30), np.array([0.0, 1.0] * 30),
    np.array([-1.0, 1.0] * 30, dtype=np.float32), np.array([False, True] * 30),
    np.array([0, 1] * 30, dtype=np.uint8), np.array([-1, 1] * 30, dtype=np.int8),
    np.array([0, 1] * 30, dtype=np.uint64), np.array([0.0, 1.0] * 30, dtype=">f8"),
    np.array([0, 1] * 30, dtype=">i4"), np.array([0, 1] * 30, dtype=np.float16),
    np.array([0, 7, 1, 7] * 30)[::2], [0, 1] * 30, (False, True) * 30,
    np.array([0, 1] * 30, dtype=np.longdouble),
]  # fmt: skip


@pytest.mark.parametrize("y", ENCODINGS)
def test_encodings_of_y(y):
    X, _ = data()
    want = fastlogreg.fit(X, np.array([0, 1] * 30), alpha=0.1)
    got = fastlogreg.fit(X, y, alpha=0.1)
    np.testing.assert_array_equal(got.coef, want.coef)
    assert got.certificate.verify(X, y)


@pytest.mark.parametrize(
    ("y", "text"),
    [
        ([0, 1, 2, 1], "from 0 to 2"),
        ([-1, 0, 1, 0], "from -1 to 1"),
        ([0.0, 1.5, 0.0, 1.0], r"probabilities in \[0, 1\]"),
        ([0.0, np.nan, 0.0, 1.0], "y contains NaN"),
        ([0.0, np.inf, 0.0, 1.0], "y contains NaN or infinity"),
        (["a", "b", "a", "b"], "labels of any kind"),
        ([[0, 1, 0, 1]], "one-dimensional"),
        ([1j, 0, 0, 1], "dtype complex128"),
        ([0, 1, 0], "inconsistent numbers of samples: X has 4, y has 3"),
        ([0, 1, None, 1], "dtype object"),
    ],
)
def test_what_y_may_not_be(y, text):
    with pytest.raises(ValueError, match=text):
        fastlogreg.fit(np.ones((4, 2)), y)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"alpha": -1.0}, ValueError, "alpha must be a finite number >= 0, got -1.0"),
        ({"alpha": np.nan}, ValueError, "alpha must be a finite number"),
        ({"alpha": "1"}, TypeError, "alpha must be a real number, got '1'"),
        ({"alpha": None}, TypeError, "alpha must be a real number"),
        ({"tol": -1e-9}, ValueError, "tol must be"),
        ({"tol": np.inf}, ValueError, "tol must be"),
        ({"tol": [1e-3, 1e-3]}, TypeError, "tol must be"),
        ({"max_iter": -1}, ValueError, "max_iter must be an integer >= 0, got -1"),
        ({"max_iter": 1.5}, ValueError, "max_iter must be an integer >= 0, got 1.5"),
        ({"max_iter": np.inf}, ValueError, "max_iter must be an integer"),
        ({"max_iter": None}, (TypeError, ValueError), "max_iter must be an integer"),
        ({"max_iter": "many"}, (TypeError, ValueError), "max_iter must be an integer"),
        ({"solver": "sag"}, ValueError, "solver must be one of .*newton.* got 'sag'"),
        ({"solver": "dual"}, ValueError, "solver='dual' needs alpha > 0"),
        ({"solver": "multilevel"}, ValueError, "many more rows than columns"),
        ({"n_threads": 0}, ValueError, "n_threads must be a positive integer, got 0"),
        ({"n_threads": "two"}, ValueError, "n_threads must be a positive integer, got 'two'"),
        ({"n_threads": 1.5}, ValueError, "n_threads must be a positive integer, got 1.5"),
        ({"sample_weight": [1.0, 1.0]}, ValueError, r"sample_weight must have shape \(4,\)"),
        ({"sample_weight": [[1.0]] * 4}, ValueError, r"sample_weight must have shape \(4,\)"),
        ({"sample_weight": [1, 1, -1, 1]}, ValueError, "Negative values"),
        ({"sample_weight": [0] * 4}, ValueError, "zero for every row"),
        ({"sample_weight": [1, np.nan, 1, 1]}, ValueError, "sample_weight contains NaN"),
        ({"sample_weight": ["a"] * 4}, ValueError, "sample_weight must hold real numbers"),
        ({"sample_weight": [1e308] * 4}, ValueError, "sample_weight"),
        ({"offset": [0.0]}, ValueError, r"offset must have shape \(4,\)"),
        ({"offset": [0, np.inf, 0, 0]}, ValueError, "offset contains NaN or infinity"),
        ({"l1_ratio": -0.1}, ValueError, "l1_ratio must be a finite number >= 0, got -0.1"),
        ({"l1_ratio": 1.1}, ValueError, r"l1_ratio must be within \[0, 1\], got 1.1"),
        ({"l1_ratio": np.nan}, ValueError, "l1_ratio must be a finite number"),
        ({"l1_ratio": "1"}, TypeError, "l1_ratio must be a real number, got '1'"),
        ({"l1_ratio": None}, TypeError, "l1_ratio must be a real number"),
        ({"l1_ratio": [0.5]}, (TypeError, ValueError), "l1_ratio must be"),
        (
            {"penalty_factor": [1, -1]},
            ValueError,
            "penalty_factor must not be neg.* -1 for column 1",
        ),
        (
            {"penalty_factor": [1.0]},
            ValueError,
            r"penalty_factor must have shape \(2,\), got \(1,\)",
        ),
        ({"penalty_factor": 1.0}, ValueError, r"penalty_factor must have shape \(2,\), got \(\)"),
        ({"penalty_factor": [[1, 1]]}, ValueError, r"penalty_factor must have shape \(2,\)"),
        ({"penalty_factor": [1, np.nan]}, ValueError, "penalty_factor contains NaN or infinity"),
        ({"penalty_factor": [1, np.inf]}, ValueError, "penalty_factor contains NaN or infinity"),
        ({"penalty_factor": ["a", "b"]}, (TypeError, ValueError), "penalty_factor"),
        ({"penalty_factor": [1j, 1]}, (TypeError, ValueError), "penalty_factor"),
        ({"penalty_factor": {"age": 1}}, (TypeError, ValueError), "penalty_factor"),
        (
            {"bounds": (1, 0)},
            ValueError,
            "bounds: column 0 has low 1 and high 0; low must not be above",
        ),
        ({"bounds": ([0, 1], [1, 0.5])}, ValueError, "bounds: column 1 has low 1 and high 0.5"),
        ({"bounds": (np.inf, None)}, ValueError, "bounds: column 0 has low inf"),
        ({"bounds": (None, -np.inf)}, ValueError, "bounds: column 0 .* high -inf"),
        ({"bounds": (np.nan, 1)}, ValueError, "bounds: lower contains NaN"),
        ({"bounds": (0, [np.nan, 1])}, ValueError, "bounds: upper contains NaN"),
        ({"bounds": ([0, 0, 0], 1)}, ValueError, r"bounds: lower .* shape \(2,\), got \(3,\)"),
        ({"bounds": (0, [[1, 1]])}, ValueError, r"bounds: upper .* shape \(2,\), got \(1, 2\)"),
        ({"bounds": (0,)}, ValueError, r"bounds must be a pair \(lower, upper\)"),
        ({"bounds": (0, 1, 2)}, ValueError, r"bounds must be a pair \(lower, upper\)"),
        ({"bounds": 1.0}, ValueError, r"bounds must be a pair \(lower, upper\), .* got 1.0"),
        ({"bounds": {"age": (0, 1)}}, ValueError, r"bounds must be a pair"),
        ({"bounds": ("low", "high")}, (TypeError, ValueError), "bounds: lower"),
        ({"bounds": (1j, None)}, (TypeError, ValueError), "bounds: lower"),
        ({"standardize": "yes"}, (TypeError, ValueError), "standardize"),
        (
            {"solver": "newton", "l1_ratio": 0.5, "alpha": 1.0},
            ValueError,
            "'newton' knows neither L1",
        ),
        ({"solver": "lbfgs", "bounds": (0, 1)}, ValueError, "'lbfgs' .* bounds; use solver='auto'"),
        ({"start": ([1.0], 0.0)}, ValueError, r"coef must have shape \(2,\), got \(1,\)"),
        ({"start": 1.0}, (TypeError, ValueError), "start"),
        ({"start": ([1.0, 1.0],)}, (TypeError, ValueError), "start"),
        ({"start": ([1.0, np.nan], 0.0)}, ValueError, "coef contains NaN"),
        ({"start": ([1.0, 1.0], np.inf)}, ValueError, "intercept must be a finite number"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, text):
    with pytest.raises(error, match=text):
        fastlogreg.fit(np.eye(4)[:, :2], [0, 1, 0, 1], **arguments)


@pytest.mark.parametrize("factor", [1e-300, 1e-30, 1e30, 1e290])
@pytest.mark.parametrize("size", ["small", "large"])
def test_size_of_the_weights_does_not_matter(factor, size):
    X, y = data(*SIZES[size])
    s = np.random.default_rng(1).random(len(y))
    want = fastlogreg.fit(X, y, alpha=0.1, sample_weight=s)
    got = fastlogreg.fit(X, y, alpha=0.1, sample_weight=factor * s)
    assert got.stop_reason == CONVERGED
    np.testing.assert_allclose(got.coef, want.coef, rtol=1e-6)
    assert got.objective == pytest.approx(want.objective, rel=1e-9)


def test_arguments_are_not_changed():
    X, y = data(400, 4)
    s, o, start = np.ones(400), np.zeros(400), np.ones(4)
    copies = [a.copy() for a in (X, y, s, o, start)]
    for array in (X, y, s, o, start):
        array.flags.writeable = False
    for solver in SOLVERS:
        fastlogreg.fit(
            X, y, alpha=0.1, sample_weight=s, offset=o, start=(start, 1.0), solver=solver
        )
    for array, copy in zip((X, y, s, o, start), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_result_is_frozen():
    X, y = data()
    result = fastlogreg.fit(X, y, max_iter=1)
    assert result.stop_reason == MAX_ITER
    for name in ("coef", "converged"):
        with pytest.raises(AttributeError):
            setattr(result, name, None)
    with pytest.raises(AttributeError):
        result.certificate.gap = 0.0
    assert (result.coef.dtype, type(result.intercept)) == (np.float64, float)


def test_kernels_over_the_data_check_their_arguments():
    X, y = data(4, 2)
    for call, text in (
        (lambda: core.loss_gradient(X, y, [1.0]), r"coef must have shape \(2,\)"),
        (lambda: core.loss_gradient(X, y[:3], [1.0, 1.0]), "inconsistent"),
        (lambda: core.loss_gradient(X, y, [1.0, np.nan]), "coef contains NaN"),
        (lambda: core.loss_gradient(X, y, [1.0, 1.0], alpha=-1.0), "alpha"),
        (lambda: core.loss_gradient(X[:0], y[:0], [1.0, 1.0]), "no rows"),
        (lambda: core.loss_gradient_hessian(X, y, [1.0]), r"coef must have shape \(2,\)"),
        (lambda: core.hessian_vector_product(X, y, [1.0, 1.0], 0.0, [1.0]), "vector must have"),
        (lambda: core.decision_function(X, [1.0]), r"coef must have shape \(2,\)"),
        (lambda: core.predict_proba(X, [1.0, 1.0], offset=[1.0]), r"offset must have shape \(4,\)"),
    ):
        with pytest.raises(ValueError, match=text):
            call()
    assert core.predict_proba(X[:0], [1.0, 1.0]).shape == (0, 2)
