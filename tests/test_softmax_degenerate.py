"""Many classes where something is missing, equal, separated, enormous or wrong."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import reference_softmax as many
from fastlogreg.result import CONVERGED, DIVERGED, SEPARATED, STALLED

PENALTIES = {
    "no penalty": {},
    "ridge": {"alpha": 0.05},
    "lasso": {"alpha": 0.02, "l1_ratio": 1.0},
    "grouped": {"alpha": 0.02, "l1_ratio": 1.0, "grouped": True},
    "box": {"bounds": (-0.2, 0.2)},
}
penalties = pytest.mark.parametrize("penalty", PENALTIES)
penalised = pytest.mark.parametrize("penalty", [p for p in PENALTIES if p != "no penalty"])


def data(n=200, p=4, K=4, seed=0):
    rng = np.random.default_rng([seed, n, p, K])
    X = rng.normal(size=(n, p))
    y = np.argmax(X @ rng.normal(size=(p, K)) + rng.gumbel(size=(n, K)), axis=1)
    y[::5] = np.arange(len(y[::5])) % K
    return X, y


def separated(n=200, p=4, K=4):
    X, _ = data(n, p, K)
    return X, np.argmax(X @ np.random.default_rng(9).normal(size=(p, K)), axis=1)


def quasi(n=200, p=4, K=4):
    """The first column tells one class from the others, and nothing else."""
    X, y = data(n, p, K)
    X[:, 0] = y == 1
    return X, y


# ---------------------------------------------------------------------- separation


@pytest.mark.parametrize("shape", [(60, 3, 3), (200, 4, 4), (300, 100, 9)])
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("reference_class", [None, 1])
def test_complete_separation_is_named(shape, kind, reference_class):
    X, y = separated(*shape)
    result = fastlogreg.fit(kind(X), y, n_classes=shape[2], reference_class=reference_class)
    assert result.stop_reason == SEPARATED
    assert not result.converged
    assert np.isfinite(result.coef).all()
    assert result.certificate.relative_gap == np.inf
    score = X @ result.coef.T + result.intercept
    assert (score.argmax(axis=1) == y).all()
    soft = np.eye(shape[2])[y]  # labels all the same
    again = fastlogreg.fit(kind(X), soft, reference_class=reference_class)
    np.testing.assert_array_equal(again.coef, result.coef)
    assert again.stop_reason == SEPARATED


@pytest.mark.parametrize("reference_class", [None, 0, 1])
@pytest.mark.parametrize("solver", ["softmax", "softmax-proximal"])
def test_quasi_complete_separation_is_named(reference_class, solver):
    X, y = quasi()
    for tol in (1e-4, 1e-9, 0.0):
        result = fastlogreg.fit(
            X, y, n_classes=4, reference_class=reference_class, solver=solver, tol=tol
        )
        assert result.stop_reason == DIVERGED
        assert not result.converged
        assert np.isfinite(result.coef).all()


@penalised
def test_a_penalty_ends_it(penalty):
    for X, y in (separated(), quasi()):
        result = fastlogreg.fit(X, y, n_classes=4, **PENALTIES[penalty])
        assert result.stop_reason == CONVERGED
        assert result.certificate.verify(X, y)


@pytest.mark.parametrize("penalty", ["ridge", "lasso", "grouped"])
def test_one_column_without_a_penalty(penalty):
    """What the penalty leaves out separates the data by itself, or does not."""
    rng = np.random.default_rng(0)
    X, y = data(120, 5, 3)
    X[:, 0] = y + rng.uniform(-0.3, 0.3, 120)
    arguments = {"n_classes": 3, "penalty_factor": [0.0, 1.0, 1.0, 1.0, 1.0]} | PENALTIES[penalty]
    result = fastlogreg.fit(X, y, **arguments)
    assert result.stop_reason == SEPARATED
    X[:, 0] = y == 1
    assert fastlogreg.fit(X, y, **arguments).stop_reason == DIVERGED
    X[:, 0] = y + rng.normal(size=120)
    result = fastlogreg.fit(X, y, **arguments)
    assert result.stop_reason == CONVERGED
    assert result.certificate.verify(X, y)


@pytest.mark.parametrize("solver", ["softmax", "softmax-proximal"])
def test_an_offset_separates_nothing(solver):
    """Offsets put every row on its right side; the coefficients have an optimum all the same."""
    X, y = data()
    offset = 9.0 * np.eye(4)[y]
    result = fastlogreg.fit(X, y, n_classes=4, offset=offset, solver=solver, tol=1e-7)
    assert result.objective * len(y) < 0.1
    assert result.converged
    assert result.certificate.relative_gap <= 1e-7
    assert result.certificate.verify(X, y, offset=offset)
    coef, intercept, objectives = many.softmax_newton(X, y, 4, offset=offset, tol=1e-16)
    assert result.objective == pytest.approx(objectives[-1], rel=1e-7)


def test_sure_soft_targets_separate_nothing():
    X, _ = data(6, 2, 3)
    y = np.full((6, 3), 0.001) + 0.997 * np.eye(3)[np.arange(6) % 3]
    result = fastlogreg.fit(X, y)
    assert result.objective * 6 < 0.69
    assert result.stop_reason == CONVERGED
    assert result.certificate.verify(X, y)


# ---------------------------------------------------------------------- classes


def with_reference(*classes):
    """Pairs of a penalty and a reference class, or none; the group lasso goes without one."""
    return pytest.mark.parametrize(
        ("penalty", "reference_class"),
        [(name, k) for name in PENALTIES for k in classes if k is None or name != "grouped"],
    )


@with_reference(None, 0, 2)
def test_a_class_without_rows(penalty, reference_class):
    """Its intercept ends where its probability is nothing beside the tolerance."""
    arguments = dict(PENALTIES[penalty], reference_class=reference_class)
    X, y = data(200, 4, 3)
    y[y == 2] = 3
    result = fastlogreg.fit(X, y, n_classes=4, **arguments)
    assert result.stop_reason == CONVERGED
    assert result.certificate.relative_gap <= 1e-9
    proba = fastlogreg.predict_proba(X, result.coef, result.intercept)
    assert proba[:, 2].max() < 1e-9
    if reference_class is None:
        without = fastlogreg.fit(X, np.where(y == 3, 2, y), n_classes=3, **arguments)
        got = fastlogreg.predict_proba(X, without.coef, without.intercept)
        np.testing.assert_allclose(proba[:, [0, 1, 3]], got, atol=3e-4)
        assert result.certificate.verify(X, y)


@penalties
def test_classes_without_weight(penalty):
    X, y = data()
    weight = (y != 1).astype(float)
    arguments = {"n_classes": 4} | PENALTIES[penalty]
    result = fastlogreg.fit(X, y, sample_weight=weight, **arguments)
    gone = fastlogreg.fit(X[y != 1], y[y != 1], **arguments)
    assert result.stop_reason == gone.stop_reason == CONVERGED
    assert result.objective == pytest.approx(gone.objective, rel=2e-9)
    assert result.certificate.verify(X, y, weight)


@with_reference(None, 1, 2)
def test_one_class_alone(penalty, reference_class):
    """The smallest loss is 0, at infinity: said at once, and no gap is claimed."""
    arguments = PENALTIES[penalty]
    X, _ = data()
    result = fastlogreg.fit(
        X, np.full(200, 2), n_classes=3, reference_class=reference_class, **arguments
    )
    assert result.stop_reason == SEPARATED
    assert not result.coef.any()
    assert result.certificate.gap >= result.objective
    assert fastlogreg.predict_proba(X, result.coef, result.intercept)[:, 2].min() > 1 - 1e-9


@penalised
@pytest.mark.parametrize("n", [1, 2, 5])
def test_more_classes_than_rows(penalty, n):
    X, _ = data(n, 3, 9)
    y = 2 + np.arange(n)
    result = fastlogreg.fit(X, y, n_classes=9, **PENALTIES[penalty])
    assert result.stop_reason == (SEPARATED if n == 1 else CONVERGED)
    if n > 1:
        assert result.certificate.verify(X, y)


# ---------------------------------------------------------------------- columns


@penalties
def test_no_columns(penalty):
    _, y = data()
    result = fastlogreg.fit(np.empty((200, 0)), y, n_classes=4, **PENALTIES[penalty])
    assert result.converged
    assert result.coef.shape == (4, 0)
    share = np.bincount(y) / 200
    np.testing.assert_allclose(result.intercept, np.log(share) - np.log(share).mean(), atol=1e-12)
    assert result.objective == pytest.approx(-share @ np.log(share))


@penalties
@pytest.mark.parametrize("what", ["constant", "zero", "twice", "sum"])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_columns_that_say_nothing_new(penalty, what, kind):
    X, y = data()
    column = {"constant": 0 * X[:, 0] + 3, "zero": 0 * X[:, 0], "twice": X[:, 1], "sum": X.sum(1)}
    more = np.column_stack([X, column[what]])
    arguments = {"n_classes": 4, "tol": 1e-9} | PENALTIES[penalty]
    result = fastlogreg.fit(kind(more), y, **arguments)
    assert result.converged
    assert result.certificate.relative_gap <= 1e-9
    assert result.certificate.verify(more, y)
    if what == "zero":
        assert not result.coef[:, -1].any()
    if penalty == "no penalty" or what == "zero":
        want = fastlogreg.fit(X, y, **arguments)
        assert result.objective == pytest.approx(want.objective, rel=2e-9)
        np.testing.assert_allclose(
            fastlogreg.predict_proba(more, result.coef, result.intercept),
            fastlogreg.predict_proba(X, want.coef, want.intercept), atol=1e-4,
        )  # fmt: skip


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@penalties
def test_columns_of_any_size(penalty, scale):
    """A column in other units has another coefficient, where no penalty counts it."""
    X, y = data()
    arguments = {"n_classes": 4, "tol": 1e-11, "penalty_factor": [1.0, 1.0, 0.0, 1.0]}
    arguments |= {k: v for k, v in PENALTIES[penalty].items() if k != "bounds"}
    other = X * [1.0, 1.0, scale, 1.0]
    result, scaled = (fastlogreg.fit(Z, y, **arguments) for Z in (X, other))
    assert result.converged
    assert scaled.converged
    assert scaled.objective == pytest.approx(result.objective, rel=3e-11)
    coef = scaled.coef * [1.0, 1.0, scale, 1.0]
    coef, want = (c - c.mean(axis=0) for c in (coef, result.coef))
    np.testing.assert_allclose(coef, want, atol=1e-4)


def test_far_from_zero():
    X, y = data()
    want = fastlogreg.fit(X, y, n_classes=4, tol=0.0)
    far = fastlogreg.fit(X + [1e4, -1e3, 0.0, 10.0], y, n_classes=4, tol=0.0)
    assert far.stop_reason in (CONVERGED, STALLED)
    assert far.objective == pytest.approx(want.objective, rel=1e-11)
    np.testing.assert_allclose(far.coef, want.coef, atol=1e-5)


# ---------------------------------------------------------------------- bad input

X_GOOD, Y_GOOD = data(20, 3, 3)
WRONG = {
    "codes beyond K": ({"y": np.full(20, 3)}, "y must hold the codes 0..2"),
    "negative codes": ({"y": np.full(20, -1)}, "y must hold the codes 0..2"),
    "codes between": ({"y": np.full(20, 0.5)}, "y must hold the codes 0..2"),
    "nan among codes": ({"y": np.full(20, np.nan)}, "y must hold the codes 0..2"),
    "words": ({"y": np.full(20, "a")}, "y must hold the codes 0..2"),
    "too short y": ({"y": Y_GOOD[:-1]}, r"y must have shape \(20,\)"),
    "deep y": ({"y": np.zeros((20, 3, 1))}, "y must"),
    "rows that do not sum to 1": ({"y": np.full((20, 3), 0.3)}, r"y\[0\] is "),
    "negative probabilities": ({"y": np.tile([1.5, -0.5, 0.0], (20, 1))}, r"y\[0\] is "),
    "nan probabilities": ({"y": np.full((20, 3), np.nan)}, r"y\[0\] is "),
    "too few probabilities": ({"y": np.full((19, 3), 1 / 3)}, "one row for each of the 20 rows"),
    "one column": ({"y": np.ones((20, 1)), "n_classes": None}, "at least two classes"),
    "another K": ({"y": np.full((20, 4), 0.25)}, "n_classes is 3, but y has 4 columns"),
    "K of 1": ({"n_classes": 1, "y": np.zeros(20)}, "n_classes must be an integer of at least 2"),
    "K of 2.5": ({"n_classes": 2.5}, "n_classes must be an integer of at least 2"),
    "K of True": ({"n_classes": True}, "n_classes must be an integer of at least 2"),
    "K of 0": ({"n_classes": 0}, "n_classes must be an integer of at least 2"),
    "offset of one column": ({"offset": np.zeros(20)}, r"offset must have shape \(20, 3\)"),
    "offset with nan": ({"offset": np.full((20, 3), np.nan)}, "offset contains NaN"),
    "negative weights": ({"sample_weight": -np.ones(20)}, "sample_weight"),
    "no weights": ({"sample_weight": np.zeros(20)}, "sample_weight"),
    "bounds crossed": ({"bounds": (1.0, 0.0)}, "bounds"),
    "bounds of another shape": ({"bounds": (np.zeros((2, 3)), None)}, "bounds: lower"),
    "bounds alone": ({"bounds": 3.0}, "bounds must be a pair"),
    "factors of another shape": ({"penalty_factor": np.ones(4)}, "penalty_factor"),
    "class beyond K": ({"reference_class": 3}, "reference_class must be within 0..2"),
    "negative class": ({"reference_class": -1}, "reference_class must be within 0..2"),
    "grouped with bounds": ({"grouped": True, "bounds": (0, 1)}, "grouped=True goes neither"),
    "grouped with a class at zero": ({"grouped": True, "reference_class": 0}, "grouped=True goes"),
    "a start of another shape": ({"start": (np.zeros(3), 0.0)}, "start must have"),
    "a start without pair": ({"start": 3}, "start must be a pair"),
    "a start with nan": ({"start": (np.full((3, 3), np.nan), 0.0)}, "start contains NaN"),
    "a start with an intercept": (
        {"start": (np.zeros((3, 3)), np.ones(3)), "fit_intercept": False}, "fit_intercept is False",
    ),
    "a binary solver": ({"solver": "newton"}, "solver must be one of"),
    "a smooth solver": ({"solver": "softmax", "alpha": 1.0, "l1_ratio": 1.0}, "L1 penalties"),
    "alpha": ({"alpha": -1.0}, "alpha"),
    "l1_ratio": ({"l1_ratio": 2.0}, "l1_ratio"),
    "tol": ({"tol": np.nan}, "tol"),
    "max_iter": ({"max_iter": -1}, "max_iter"),
    "n_threads": ({"n_threads": 0}, "n_threads"),
    "nan in X": ({"X": np.where(X_GOOD > 1, np.nan, X_GOOD)}, "X contains NaN"),
    "infinity in X": ({"X": np.where(X_GOOD > 1, np.inf, X_GOOD)}, "X contains NaN or infinity"),
    "no rows": ({"X": X_GOOD[:0], "y": Y_GOOD[:0]}, "no rows"),
    "nothing to fit": ({"X": X_GOOD[:, :0], "fit_intercept": False}, "no columns"),
    "flat X": ({"X": X_GOOD[:, 0]}, "two dimensions"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("more", [{}, {"alpha": 0.1, "l1_ratio": 1.0}], ids=["smooth", "lasso"])
def test_bad_input_is_named(what, more):
    changes, message = WRONG[what]
    arguments = {"X": X_GOOD, "y": Y_GOOD, "n_classes": 3} | more | changes
    with pytest.raises(ValueError, match=message):
        fastlogreg.fit(arguments.pop("X"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reference_class": True}, "reference_class must be None or"),
        ({"reference_class": "a"}, "reference_class must be None or"),
        ({"grouped": 1}, "grouped must be True or False"),
        ({"standardize": "no"}, "standardize must be True or False"),
    ],
)
def test_wrong_kinds_are_named(changes, message):
    with pytest.raises(TypeError, match=message):
        fastlogreg.fit(X_GOOD, Y_GOOD, **({"n_classes": 3} | changes))


def test_what_needs_many_classes_says_so():
    for changes in ({"reference_class": 0}, {"grouped": True}):
        with pytest.raises(ValueError, match="are for many classes"):
            fastlogreg.fit(X_GOOD, Y_GOOD > 0, **changes)


@pytest.mark.parametrize("shape", [(60, 3, 3), (3000, 20, 6)])
@penalised
def test_enormous_values(shape, penalty):
    """Squares that overflow are refused with the reason; what is too small does not matter."""
    X, y = data(*shape)
    arguments = {"n_classes": shape[2]} | PENALTIES[penalty]
    for scale in (1e160, 1e200, 1e300):
        with pytest.raises(ValueError, match="squares or products overflow"):
            fastlogreg.fit(X * scale, y, **arguments)
    small = fastlogreg.fit(X * 1e-200, y, **({"n_classes": shape[2]} | PENALTIES["ridge"]))
    assert small.converged
    assert np.abs(small.coef).max() < 1e-150
