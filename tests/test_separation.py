"""Separation: the verdict, its proof, and what estimators make of it.

`cone` decides by linear programming, written for these tests alone: one program says which rows can
be raised, ranks say which coefficients run off, two programs each say with which signs.
"""

import json
import math
import pickle
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

import fastlogreg
from fastlogreg import LogisticRegression, Separation, check_separation
from fastlogreg.warnings import SeparationError, SeparationWarning

SETS = json.loads(
    (Path(__file__).parent / "data" / "separated_sets.json").read_text(encoding="utf-8")
)


def load(name):
    found = SETS[name]
    return np.array(found["X"], dtype=float), np.array(found["y"]), found["columns"]


# ---------------------------------------------------------------------- an independent verdict


def cone(A, held, functionals):
    """(kind, {key: sign}) for directions v with A v >= 0 and held v >= 0, by linear programming."""
    n, q = A.shape
    slack = linprog(
        np.append(np.zeros(q), -np.ones(n)),
        A_ub=np.vstack([np.hstack([-A, np.eye(n)]), np.hstack([-held, np.zeros((len(held), n))])]),
        b_ub=np.zeros(n + len(held)), bounds=[(None, None)] * q + [(0, 1)] * n, method="highs",
    )  # fmt: skip
    raised = slack.x[q:] > 0.5
    signs = {}
    if raised.any():
        rows = np.vstack([A, held])
        for key, values in functionals.items():
            ends = [
                values @ linprog(-s * values, A_ub=-rows, b_ub=np.zeros(len(rows)),
                                 bounds=(-1, 1), method="highs").x
                for s in (1, -1)
            ]  # fmt: skip
            if ends[0] > 1e-6 or ends[1] < -1e-6:
                signs[key] = int(ends[0] > 1e-6) - int(ends[1] < -1e-6)
    kind = "overlap" if not raised.any() else "complete" if raised.all() else "quasi-complete"
    return kind, signs


def with_ones(X, intercept):
    return np.hstack([X, np.ones((len(X), 1))]) if intercept else X


def binary_cone(X, y, intercept, held=None):
    Z = with_ones(X, intercept)
    names = [*range(X.shape[1]), "intercept"][: Z.shape[1]]
    held = np.zeros((0, Z.shape[1])) if held is None else held
    functionals = dict(zip(names, np.eye(len(names)), strict=True))
    return cone(Z * np.where(y == 1, 1, -1)[:, None], held, functionals)


def softmax_cone(X, y, K, intercept):
    Z = with_ones(X, intercept)
    q = Z.shape[1]
    rows = np.zeros((len(X), K, K, q))  # of row i against class k, the coefficients (K, q)
    for i, own in enumerate(y):
        rows[i, :, own] += Z[i]
        rows[i, np.arange(K), np.arange(K)] -= Z[i]
    rows = rows[np.arange(K) != y[:, None]].reshape(-1, K * q)
    functionals = {}
    for k in range(K):
        for j, name in enumerate([*range(X.shape[1]), "intercept"][:q]):
            centred = np.zeros((K, q))
            centred[:, j] = -1.0 / K
            centred[k, j] += 1.0
            functionals[k, name] = centred.ravel()
    return cone(rows, np.zeros((0, K * q)), functionals)


def random_columns(rng, n, p):
    """Continuous columns, columns of small whole numbers, or decimals of one place and a dummy."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.standard_normal((n, p))
    if kind == 1:
        return rng.integers(-2, 3, (n, p)).astype(float)
    X = np.round(rng.standard_normal((n, p)), 1)
    X[:, 0] = rng.integers(0, 2, n)
    return X


def random_set(rng, K=2):
    n, p, intercept = int(rng.integers(5, 31)), int(rng.integers(1, 5)), bool(rng.integers(2))
    X = random_columns(rng, n, p)
    z = X @ rng.standard_normal((p, K)) * rng.choice([0.5, 2.0, 8.0])
    return X, (z + rng.gumbel(size=z.shape)).argmax(axis=1), intercept


def full_rank(X, intercept):
    Z = with_ones(X, intercept)
    return np.linalg.matrix_rank(Z) == Z.shape[1]


def agree(verdict, expected, X, y, intercept):
    kind, signs = expected
    assert verdict.kind == kind
    assert verdict.maximal
    assert verdict.verify(X, y)
    if full_rank(X, intercept):
        assert verdict.infinite == signs
        assert verdict.collinear == []
    return kind


def compare_binary(seeds):
    kinds = []
    for seed in seeds:
        X, y, intercept = random_set(np.random.default_rng(seed))
        verdict = check_separation(X, y, fit_intercept=intercept)
        kinds.append(agree(verdict, binary_cone(X, y, intercept), X, y, intercept))
    assert {"overlap", "complete", "quasi-complete"} <= set(kinds)
    return kinds


def compare_softmax(seeds):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        K = int(rng.integers(2, 5))
        X, y, intercept = random_set(rng, K)
        verdict = check_separation(X, y, fit_intercept=intercept, n_classes=K)
        agree(verdict, softmax_cone(X, y, K, intercept), X, y, intercept)


def test_small_sets_agree_with_a_linear_program():
    compare_binary(range(120))


@pytest.mark.slow
def test_a_thousand_small_sets_agree_with_a_linear_program():
    kinds = compare_binary(range(1000, 2000))
    assert kinds.count("quasi-complete") > 50


def test_small_softmax_sets_agree_with_a_linear_program():
    compare_softmax(range(20))


@pytest.mark.slow
def test_many_small_softmax_sets_agree_with_a_linear_program():
    compare_softmax(range(1000, 1200))


def test_bounds_agree_with_a_linear_program():
    kinds = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        X, y, intercept = random_set(rng)
        p = X.shape[1]
        lower = np.where(rng.random(p) < 0.4, rng.choice([0.0, -1.0]), -np.inf)
        upper = np.where(rng.random(p) < 0.4, 2.0, np.inf)
        unit = np.eye(p, p + intercept)
        held = np.vstack([unit[np.isfinite(lower)], -unit[np.isfinite(upper)]])
        verdict = check_separation(X, y, fit_intercept=intercept, bounds=(lower, upper))
        kinds.append(agree(verdict, binary_cone(X, y, intercept, held), X, y, intercept))
    assert {"overlap", "complete", "quasi-complete"} <= set(kinds)


def test_no_false_alarm():
    """Classes that overlap, at any strength of the signal, and however the columns are scaled."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, p = 300, 4
        X = rng.standard_normal((n, p)) * 10.0 ** rng.integers(-6, 7, p)
        z = X / np.abs(X).max(axis=0) @ rng.standard_normal(p) * rng.choice([0.0, 1.0, 4.0])
        y = (rng.random(n) < 1.0 / (1.0 + np.exp(-z))).astype(int)
        X[:2] = X[2]  # the same row in both classes, near the middle
        y[:2] = 0, 1
        verdict = check_separation(X, y)
        if binary_cone(X / np.abs(X).max(axis=0), y, True)[0] == "overlap":
            assert verdict.kind == "overlap"
            assert verdict.verify(X, y)


# ---------------------------------------------------------------------- known sets


def test_endometrial():
    X, y, columns = load("endometrial")
    verdict = check_separation(X, y, feature_names=columns)
    assert verdict.kind == "quasi-complete"
    assert verdict.infinite == {"NV": 1}
    assert verdict.finite == ["PI", "EH", "intercept"]
    np.testing.assert_array_equal(verdict.rows, np.flatnonzero(X[:, 0] == 1))
    assert verdict.verify(X, y)
    assert str(verdict) == (
        "no finite maximum-likelihood estimate: 'NV' -> +inf (quasi-complete; 13 of 79 rows have "
        "NV=1, all of class 1). Finite: PI, EH. Options: penalty='firth' | C=100 | drop the column"
    )


def test_sex2():
    X, y, columns = load("sex2")
    verdict = check_separation(X, y, feature_names=columns)
    assert verdict.infinite == {"dia": 1}
    assert verdict.finite == ["age", "oc", "vic", "vicl", "vis", "intercept"]
    assert verdict.verify(X, y)


def test_birthwt_overlaps():
    X, y, _ = load("birthwt")
    verdict = check_separation(X, y)
    assert (verdict.kind, verdict.separated, verdict.infinite) == ("overlap", False, {})
    assert verdict.verify(X, y)
    assert "finite maximum-likelihood estimate exists" in str(verdict)


def test_the_complete_example():
    x = np.arange(1.0, 7.0)[:, None]
    verdict = check_separation(x, [0, 0, 0, 1, 1, 1])
    assert verdict.kind == "complete"
    assert verdict.infinite == {0: 1, "intercept": -1}
    assert "x0 > 3.5 for all of class 1 and none of 0" in str(verdict)
    assert verdict.dual is None


def test_ties_in_decimals():
    """(1.2, 0.2) lies half way between its neighbours only as decimals."""
    X = np.array([[0.9, 0.3], [1.2, 0.2], [1.5, 0.1], [2.0, 0.2], [1.0, 0.2]])
    y = np.array([1, 0, 1, 1, 0])
    verdict = check_separation(X, y)
    assert (verdict.kind, verdict.rows.tolist()) == ("quasi-complete", [3, 4])
    assert verdict.verify(X, y)


# ---------------------------------------------------------------------- forms of the data


def quasi(n=60, seed=3):
    """A dummy whose rows are all of class 1, beside two columns that overlap."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.arange(n) < 9, rng.standard_normal(n), rng.integers(0, 3, n)])
    y = (rng.random(n) < 0.5).astype(int)
    y[:9] = 1
    return X.astype(float), y


@pytest.mark.parametrize("sign", [1, -1])
def test_layouts(layout, sign):
    A, y = quasi()
    X = layout.make(A)
    before = X.data.copy() if sp.issparse(X) else None
    meant = layout.dense(X)
    expected = binary_cone(meant, y, True)
    labels = y if sign > 0 else 1 - y
    verdict = check_separation(X, labels)
    assert verdict.kind == expected[0]
    if full_rank(meant, True):
        assert verdict.infinite == {key: sign * s for key, s in expected[1].items()}
    assert verdict.verify(X, labels)
    if sp.issparse(X):
        np.testing.assert_array_equal(X.data, before)


def test_rows_of_weight_zero_do_not_count():
    X, y = quasi()
    X[-1, 0] = 1.0  # one row of the dummy in the other class
    y[-1] = 0
    assert check_separation(X, y).kind == "overlap"
    weight = np.ones(len(y))
    weight[-1] = 0.0
    verdict = check_separation(X, y, sample_weight=weight)
    assert (verdict.kind, verdict.infinite, verdict.n_rows) == ("quasi-complete", {0: 1}, 59)
    assert verdict.verify(X, y, sample_weight=weight)
    assert not verdict.verify(X, y)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_weights_do_not_matter_otherwise(scale):
    X, y = quasi()
    weight = np.random.default_rng(0).exponential(size=len(y)) * scale
    verdict = check_separation(X, y, sample_weight=weight)
    assert verdict.infinite == {0: 1}
    assert verdict.verify(X, y, sample_weight=weight)


def test_targets_between_the_classes():
    """A row with a probability for its target ties: it may move to neither side."""
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    verdict = check_separation(x, [0.0, 0.3, 1.0, 1.0])
    assert (verdict.kind, verdict.rows.tolist()) == ("quasi-complete", [0, 2, 3])
    assert verdict.verify(x, np.array([0.0, 0.3, 1.0, 1.0]))
    assert check_separation(x, [0.0, 0.3, 1.0, 0.6]).kind == "overlap"


@pytest.mark.parametrize("label", [0, 1])
def test_one_class(label):
    X = np.random.default_rng(0).standard_normal((20, 2))
    verdict = check_separation(X, np.full(20, label))
    assert verdict.kind == "complete"
    assert verdict.verify(X, np.full(20, label))


def test_collinear_columns_are_no_separation():
    X, y, _ = load("birthwt")
    twice = np.column_stack([X, X[:, 1], np.ones(len(y)), X[:, 0] - X[:, 2]])
    verdict = check_separation(twice, y)
    assert verdict.kind == "overlap"
    assert len(verdict.collinear) == 3
    assert verdict.verify(twice, y)


def test_all_levels_of_a_factor():
    """With a column for each level and an intercept it is the separated level that runs off."""
    rng = np.random.default_rng(0)
    level, other = rng.integers(0, 4, 120), rng.standard_normal(120)
    y = (rng.random(120) < 0.5).astype(int)
    y[level == 2] = 0
    X = np.column_stack([np.eye(4)[level], other])
    verdict = check_separation(X, y)
    assert verdict.infinite == {2: -1}
    assert len(verdict.collinear) == 1
    assert verdict.verify(X, y)


def test_columns_collinear_only_to_rounding():
    X, y = quasi()
    X = np.column_stack([X, 2.2046 * X[:, 1] + 0.1])
    verdict = check_separation(X, y)
    assert verdict.infinite == {0: 1}
    assert verdict.collinear == [3]
    assert verdict.verify(X, y)


def test_more_columns_than_rows():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 700)), rng.integers(0, 2, 30)
    verdict = check_separation(X, y)
    assert verdict.kind == "complete"
    assert verdict.verify(X, y)
    assert "all coefficients" in str(verdict)


def test_many_columns_of_one_class():
    """More columns than are told apart: what is found is proved, and said to be a part."""
    rng = np.random.default_rng(0)
    n, p = 4000, 1600
    X = sp.random_array((n, p), density=0.004, rng=rng, format="csr")
    X.data[:] = 1.0
    y = rng.integers(0, 2, n)
    X = sp.csr_array(X.multiply(y[:, None] * (np.arange(p) < 3) + (np.arange(p) >= 3)))
    verdict = check_separation(X, y)
    assert (verdict.kind, verdict.maximal) == ("quasi-complete", False)
    assert {0: 1, 1: 1, 2: 1}.items() <= verdict.infinite.items()
    assert verdict.verify(X, y)
    assert "at least" in str(verdict)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_tall_data(kind, weighted):
    """Rows so many that the proof moves a sample of them; few rows tie in the last case."""
    rng = np.random.default_rng(8)
    n = 30_000
    X = np.column_stack([rng.random(n) < 0.002, rng.standard_normal((n, 2))]).astype(float)
    y = (rng.random(n) < 0.4).astype(int)
    weight = rng.exponential(size=n) if weighted else None
    for labels, expected, rows in (
        (y, "overlap", 0),
        (np.where(X[:, 0] == 1, 1, y), "quasi-complete", int(X[:, 0].sum())),
        (np.where(X[:, 0] == 1, y, X[:, 1] > 0).astype(int), "overlap", 0),
    ):
        verdict = check_separation(kind(X), labels, sample_weight=weight)
        assert (verdict.kind, len(verdict.rows)) == (expected, rows)
        assert verdict.verify(kind(X), labels, sample_weight=weight)
    X[40:, 1:] = np.abs(X[40:, 1:]) + 1.0  # only the first rows lie on both sides
    X[40:] *= np.where(y[40:] == 1, 1.0, -1.0)[:, None]
    X[:40, 1:] = 0.0
    verdict = check_separation(kind(X), y, sample_weight=weight, fit_intercept=False)
    assert verdict.kind == "quasi-complete"
    assert len(verdict.rows) >= n - 40
    assert verdict.verify(kind(X), y, sample_weight=weight)


def test_far_from_the_origin():
    """Columns like years and seconds since 1970, which rounding makes nearly constant."""
    rng = np.random.default_rng(0)
    X = np.column_stack([2000 + rng.integers(0, 20, 400), 1.7e9 + rng.integers(0, 10**6, 400)])
    y = rng.integers(0, 2, 400)
    assert check_separation(X, y).kind == "overlap"
    y = (X[:, 0] > 2010).astype(int)
    verdict = check_separation(X, y)
    assert verdict.kind == "complete"
    assert verdict.verify(X, y)


def test_a_column_that_is_constant_but_for_its_last_bit():
    """It counts as collinear with the intercept; the verdict is about the model without it."""
    x = np.array([1.0, 1.0 + 2**-52, 1.0 + 2**-51, 1.0 + 3 * 2**-52])[:, None]
    verdict = check_separation(x, [0, 0, 1, 1])
    assert (verdict.kind, verdict.collinear) == ("overlap", [0])
    assert "Collinear, left out: x0" in str(verdict)


# ---------------------------------------------------------------------- softmax


def test_softmax_names_class_and_column():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.arange(90) < 8, rng.standard_normal(90)]).astype(float)
    y = rng.integers(0, 3, 90)
    y[:8] = 2
    verdict = check_separation(X, y, n_classes=3, feature_names=["dummy", "other"])
    assert verdict.infinite == {(0, "dummy"): 0, (1, "dummy"): 0, (2, "dummy"): 1}
    assert verdict.direction.shape == (3, 2)
    np.testing.assert_array_equal(verdict.rows, np.arange(8))
    assert verdict.verify(X, y)
    assert "'dummy' of class 2 -> +inf" in str(verdict)
    against = check_separation(X, y, n_classes=3, reference_class=2)
    assert against.infinite == {(0, 0): -1, (1, 0): -1}


def test_softmax_of_a_class_apart():
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    verdict = check_separation(X, y, n_classes=3)
    assert verdict.kind == "quasi-complete"
    assert "class 0 lies apart from all others" in str(verdict)
    rest = y > 0
    assert check_separation(X[rest], y[rest] - 1).kind == "overlap"


def test_softmax_of_two_classes_is_binary():
    X, y, _ = load("endometrial")
    two, one = check_separation(X, y, n_classes=2), check_separation(X, y)
    assert two.kind == one.kind
    assert two.infinite == {(0, 0): -1, (1, 0): 1}


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_softmax_of_probabilities_weights_and_sparse_data(kind):
    rng = np.random.default_rng(1)
    X = np.column_stack([np.arange(60) < 8, rng.integers(0, 3, 60)]).astype(float)
    y = rng.integers(0, 3, 60)
    y[:8] = 1
    target, weight = np.eye(3)[y], np.ones(60)
    target[20] = 0.5, 0.5, 0.0
    X[59, 0], weight[59] = 1.0, 0.0
    verdict = check_separation(kind(X), target, sample_weight=weight)
    assert {key for key in verdict.infinite} == {(k, 0) for k in range(3)}
    assert verdict.verify(kind(X), target, sample_weight=weight)
    y[59] = (y[59] + 1) % 3
    target[3] = 0.2, 0.8, 0.0  # this row holds classes 0 and 1 together
    assert check_separation(kind(X), target, sample_weight=weight).infinite[2, 0] == -1


def test_softmax_with_a_class_that_does_not_occur():
    X = np.random.default_rng(0).standard_normal((40, 2))
    y = np.random.default_rng(1).integers(0, 2, 40)
    verdict = check_separation(X, y, n_classes=3)
    assert verdict.kind == "quasi-complete"
    assert verdict.verify(X, y)


# ---------------------------------------------------------------------- proofs


def changed(verdict):
    """Verdicts that say something else than was proved."""
    kinds = {"overlap", "complete", "quasi-complete"} - {verdict.kind}
    yield from (replace(verdict, kind=kind) for kind in kinds)
    yield replace(verdict, infinite={}, finite=[*verdict.finite, *verdict.infinite])
    yield replace(verdict, infinite={key: -sign for key, sign in verdict.infinite.items()})
    yield replace(verdict, rows=verdict.rows[1:])
    yield replace(verdict, direction=-verdict.direction)
    yield replace(verdict, n_rows=verdict.n_rows + 1)
    yield replace(verdict, collinear=[1])
    exact, span, left_out = verdict._exact
    wrong = {**exact, 1: exact.get(1, 0) + Fraction(1, 1000)}
    yield replace(verdict, _exact=(wrong, span, left_out))
    yield replace(verdict, _exact=({}, span, left_out))
    yield replace(verdict, _exact=(exact, {}, left_out))


def test_changed_verdicts_are_refused():
    X, y, columns = load("endometrial")
    verdict = check_separation(X, y, feature_names=columns)
    assert verdict.verify(X, y)
    claims = list(changed(verdict))
    assert len(claims) == 11
    for claim in claims:
        assert not claim.verify(X, y)


def test_an_overlap_claimed_of_separated_classes_is_refused():
    X, y, _ = load("birthwt")
    verdict = check_separation(X, y)
    assert verdict.verify(X, y)
    X = np.where(np.arange(X.shape[1]) == 3, y[:, None], X)
    assert not verdict.verify(X, y)


def test_a_verdict_is_about_its_data():
    X, y, _ = load("endometrial")
    verdict = check_separation(X, y)
    assert not verdict.verify(X, 1 - y)
    assert not verdict.verify(X[:, :2], y)
    other = X.copy()
    other[np.flatnonzero((X[:, 0] == 0) & (y == 0))[0], 0] = 1.0
    assert not verdict.verify(other, y)


def test_wrong_weights_prove_nothing():
    """The balance of `stiemke.overlap` is asked for with its rounding, positive weights too."""
    from fastlogreg.recession.stiemke import overlap

    X = np.array([[-1.0], [1.0], [2.0]])
    sign = np.array([1.0, 1.0, -1.0])
    assert overlap(X, sign, np.array([1.0, 3.0, 1.0]), [0])
    assert overlap(X, sign, np.array([1.0, 3.0, 2.0]), [0])  # which a small change balances
    assert not overlap(X, sign, np.array([1.0, 30.0, 1.0]), [0])
    assert not overlap(X, sign, np.array([3.0, 3.0, 0.0]), [0])
    assert not overlap(X, np.ones(3), np.array([1.0, 3.0, -1.0]), [0])


def test_exact_signs():
    from fastlogreg.recession.exact import signs

    X = np.array([[0.1, 0.2, 0.3], [3.0, 4.0, 7.0], [1e300, 1.0, 1e300], [0.0, 0.0, 0.0]])
    v = {0: Fraction(1), 1: Fraction(1), 2: Fraction(-1)}
    exactly = [sum(Fraction(x) * w for x, w in zip(row, v.values(), strict=True)) for row in X]
    np.testing.assert_array_equal(signs(X, v), [np.sign(float(value)) for value in exactly])
    assert signs(X, v)[0] != 0.0  # 0.1 + 0.2 is not 0.3 in binary


def test_copies_and_pickles():
    X, y, columns = load("endometrial")
    verdict = pickle.loads(pickle.dumps(check_separation(X, y, feature_names=columns)))
    assert verdict.verify(X, y)
    with pytest.raises(AttributeError):
        verdict.kind = "overlap"


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"y": [0, 1, 2, 1]}, ValueError, "y must hold 0/1"),
        ({"X": [[0.0], [np.nan], [1.0], [2.0]]}, ValueError, "NaN or infinity"),
        ({"sample_weight": [1.0, 1.0]}, ValueError, "sample_weight must have shape"),
        ({"bounds": 3}, ValueError, "bounds must be a pair"),
        ({"feature_names": ["a", "b"]}, ValueError, "feature_names must have 1 names"),
        ({"n_classes": 1}, ValueError, "n_classes must be an integer of at least 2"),
        ({"y": [0, 1, 2, 5], "n_classes": 3}, ValueError, "codes 0..2"),
        ({"reference_class": 0}, ValueError, "reference_class is for many classes"),
    ],
)
def test_bad_input(change, error, text):
    given = {"X": [[0.0], [1.0], [2.0], [3.0]], "y": [0, 1, 0, 1]} | change
    with pytest.raises(error, match=text):
        check_separation(given.pop("X"), given.pop("y"), **given)


# ---------------------------------------------------------------------- the estimator


def treated():
    rng = np.random.default_rng(0)
    n = 200
    columns = {"treatment": np.arange(n) < 29, "age": rng.normal(50, 10, n), "dose": rng.random(n)}
    y = np.where(rng.random(n) < 0.5, "yes", "no")
    y[:29] = "yes"
    return pytest.importorskip("pandas").DataFrame(columns).astype(float), y


def test_the_warning_is_help():
    X, y = treated()
    with pytest.warns(SeparationWarning) as record:
        model = LogisticRegression(C=np.inf).fit(X, y)
    told = (
        "no finite maximum-likelihood estimate: 'treatment' -> +inf (quasi-complete; 29 of 200 "
        "rows have treatment=1, all of class 'yes'). Finite: age, dose. "
        "Options: penalty='firth' | C=100 | drop the column"
    )
    assert str(record[0].message) == str(model.separation_) == told
    assert record[0].filename == __file__
    assert model.separation_.verify(X, y)


def test_the_parameter():
    X, y = treated()
    with pytest.raises(SeparationError, match="'treatment' -> .inf"):
        LogisticRegression(C=np.inf, separation="raise").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=np.inf, separation="ignore").fit(X, y)
    assert model.separation_ is None
    with pytest.raises(ValueError, match="separation"):
        LogisticRegression(separation="no").fit(X, y)


def test_an_error_leaves_the_estimator_as_it_was():
    X, y = treated()
    model = LogisticRegression(C=np.inf, separation="raise")
    with pytest.raises(SeparationError):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


def test_what_a_penalty_holds_is_not_looked_at():
    X, y = treated()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LogisticRegression().fit(X, y).separation_ is None
        bounded = LogisticRegression(C=np.inf, bounds={"treatment": (-3, 3)}).fit(X, y)
        free = LogisticRegression(penalty_factor={"age": 0}).fit(X, y)
    for model in (bounded, free):
        assert model.separation_.kind == "overlap"
        assert model.separation_.verify(X, y)


@pytest.mark.parametrize("parameters", [{"penalty_factor": {"treatment": 0}}, {"C": 1e9}])
def test_penalties_that_do_not_hold(parameters):
    X, y = treated()
    with pytest.warns(SeparationWarning, match="'treatment' -> "):
        model = LogisticRegression(**parameters).fit(X, y)
    assert model.separation_.infinite == {"treatment": 1}
    assert model.separation_.verify(X, y)


def test_offsets_and_weights_reach_the_verdict():
    X, y = treated()
    rng = np.random.default_rng(2)
    offset, weight = 3.0 * rng.standard_normal(len(y)), rng.exponential(size=len(y))
    weight[:29] = 0.0
    model = LogisticRegression(C=np.inf).fit(X.to_numpy()[:, 1:], y, weight, offset=offset)
    assert model.separation_.kind == "overlap"
    assert model.separation_.verify(X.to_numpy()[:, 1:], y, weight)


def test_a_fit_that_overlaps_does_not_warn():
    X, y, _ = load("birthwt")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=np.inf).fit(X, y)
    assert model.separation_.kind == "overlap"
    assert not hasattr(model.separation_, "X")


def test_firth_in_place_of_infinity():
    """The estimate of `fastlogreg.firth` takes the place of coefficients that run off."""
    X, y = treated()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=np.inf, separation="firth").fit(X, y)
    assert model.separation_.infinite == {"treatment": 1}
    assert model.certificate_ is None
    assert model.converged_
    target = (y == model.classes_[1]).astype(float)
    np.testing.assert_array_equal(model.coef_[0], fastlogreg.firth(X.to_numpy(), target).coef)
    finite = LogisticRegression(C=np.inf, separation="firth").fit(X[["age", "dose"]], y)
    assert finite.certificate_ is not None
    assert not finite.separation_.separated


def test_firth_in_place_of_infinity_of_many_classes():
    X, y = three_classes()
    model = LogisticRegression(C=np.inf, separation="firth", reference_class="b").fit(X, y)
    codes = np.searchsorted(model.classes_, y)
    theirs = fastlogreg.firth(X, codes, n_classes=3, reference_class=1)
    np.testing.assert_array_equal(model.coef_, theirs.coef)
    assert not model.coef_[1].any()
    assert model.separation_.separated


def three_classes():
    """Labels of three classes, and a dummy whose rows are all of the last."""
    rng = np.random.default_rng(4)
    X = np.column_stack([np.arange(120) < 11, rng.standard_normal(120)]).astype(float)
    y = np.array(["a", "b", "c"])[rng.integers(0, 3, 120)]
    y[:11] = "c"
    return X, y


def test_many_classes():
    X, y = three_classes()
    with pytest.warns(SeparationWarning, match="x0 of class 'c' -> .inf"):
        model = LogisticRegression(C=np.inf).fit(X, y)
    verdict = model.separation_
    assert verdict.infinite == {("a", 0): 0, ("b", 0): 0, ("c", 0): 1}
    assert verdict.verify(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LogisticRegression(C=np.inf).fit(X[:, 1:], y).separation_.kind == "overlap"
        assert LogisticRegression().fit(X, y).separation_ is None
    with pytest.warns(SeparationWarning):
        model = LogisticRegression(C=np.inf, reference_class="c").fit(X, y)
    assert model.separation_.infinite == {("a", 0): -1, ("b", 0): -1}
    assert model.separation_.verify(X, y)


def test_classes_without_weight():
    X, y = three_classes()
    weight = np.where(y == "a", 0.0, 1.0)
    with pytest.warns(SeparationWarning):
        model = LogisticRegression(C=np.inf).fit(X, y, weight)
    assert model.separation_.classes.tolist() == ["b", "c"]
    assert model.separation_.verify(X, y, weight)
    with pytest.raises(ValueError, match="labels that are not in"):
        model.separation_.verify(X, y)


def test_more_columns_than_rows_tell_apart():
    """Every row on its side, columns that others replace: no rows are left to tie."""
    for X, y in (
        (np.eye(3)[[0, 1, 2] * 5], [0, 1, 2] * 5),
        (np.eye(9), [0, 1, 2] * 3),
        (np.random.default_rng(1).normal(size=(20, 40)), np.arange(20) % 3),
    ):
        with pytest.warns(SeparationWarning, match="complete"):
            model = LogisticRegression(C=np.inf).fit(X, y)
        assert model.separation_.verify(X, y)


@pytest.mark.parametrize("seed", range(60))
def test_rows_without_weight_are_as_if_they_were_not_there(seed):
    """Dummies of few rows: columns that only rows without weight have are left out."""
    rng = np.random.default_rng(seed)
    n, p, K = rng.integers(6, 30), rng.integers(1, 40), 2 + seed % 2
    X = np.eye(n) if seed % 3 == 0 else (rng.random((n, p)) < 0.15).astype(float)
    y, weight = rng.integers(0, K, n), (rng.random(n) > 0.4).astype(float)
    y[:K], weight[:K] = np.arange(K), 1.0
    counts = weight > 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=np.inf).fit(X, y, sample_weight=weight)
        bare = LogisticRegression(C=np.inf).fit(X[counts], y[counts])
    assert model.separation_.kind == bare.separation_.kind
    assert model.separation_.infinite == bare.separation_.infinite
    assert model.separation_.collinear == bare.separation_.collinear
    assert model.separation_.verify(X, y, sample_weight=weight)


@pytest.mark.parametrize("K", [2, 3])
def test_unsorted_sparse_rows_are_left_as_they_are(K):
    X = np.random.default_rng(0).normal(size=(60, 5))
    y, unsorted = np.arange(60) % K, sp.csr_matrix(X)
    for array in (unsorted.indices, unsorted.data):
        array[:] = array.reshape(60, 5)[:, ::-1].ravel()
    unsorted.has_sorted_indices = False
    for array in (unsorted.indices, unsorted.data, unsorted.indptr):
        array.flags.writeable = False
    before = unsorted.indices.copy()
    model = LogisticRegression(C=np.inf).fit(unsorted, y)
    assert model.separation_.kind == "overlap"
    assert model.separation_.verify(unsorted, y)
    np.testing.assert_array_equal(unsorted.indices, before)


def test_only_one_class():
    assert "rows of class 1 only" in str(fastlogreg.check_separation([[1.0], [2], [4]], [1, 1, 1]))


def test_firth_is_offered_without_what_it_refuses():
    X = np.column_stack([np.arange(8.0), 2.0 * np.arange(8), [1, 0, 0, 1, 0, 1, 1, 0]])
    y = np.arange(8) > 3
    verdict = fastlogreg.check_separation(X, y)
    assert verdict.collinear == [1]
    assert "penalty='firth' without what is left out" in str(verdict)
    fastlogreg.firth(np.delete(X, verdict.collinear, axis=1), y)


def test_verdicts_of_one_against_the_rest_take_the_labels_of_all():
    X, y = np.arange(6.0)[:, None], list("aabbcc")
    with pytest.warns(SeparationWarning) as record:
        model = LogisticRegression(C=np.inf, multi_class="ovr").fit(X, y)
    assert "for all of the rest and none of 'a'" in str(record[0].message)
    assert "for all of class 'c' and none of the rest" in str(record[1].message)
    for verdict in pickle.loads(pickle.dumps(model)).separation_:
        assert verdict.verify(X, y)
    assert not model.separation_[0].verify(X, list("aabbca"))


def test_one_against_the_rest():
    X, y = three_classes()
    estimator = LogisticRegression(C=np.inf, multi_class="ovr")
    with pytest.warns(SeparationWarning) as record:
        model = estimator.fit(X, y)
    told = [str(warning.message) for warning in record]
    assert [text[:27] for text in told] == [f"Class {k!r} against the rest:" for k in "abc"]
    assert "x0 -> +inf" in told[2]
    assert record[0].filename == __file__
    assert [verdict.infinite for verdict in model.separation_] == [{0: -1}, {0: -1}, {0: 1}]
    for label, verdict in zip("abc", model.separation_, strict=True):
        assert verdict.verify(X, y == label)
    with pytest.raises(SeparationError, match="Class 'a' against the rest"):
        estimator.set_params(separation="raise").fit(X, y)


# ---------------------------------------------------------------------- the limit


def test_the_curve_falls_for_ever():
    x = np.arange(1.0, 7.0)[:, None]
    y = np.array([0, 0, 0, 1, 1, 1])
    curve = fastlogreg.separation_curve(x, y)
    np.testing.assert_allclose([curve.direction[0], curve.direction_intercept], [1.0, -3.5])
    np.testing.assert_allclose(curve.margin, 0.5)
    assert curve.support.tolist() == [2, 3]
    assert (np.diff(curve.losses) < 0).all()
    assert curve.losses[0] == pytest.approx(math.log(2))
    assert curve.limit == 0.0
    assert 0.0 < curve.losses[-1] < 1e-15


@pytest.mark.parametrize(("n", "p"), [(30, 2), (200, 8), (2000, 12)])
def test_the_margin_is_the_widest(n, p):
    """Against a support vector machine, and by its own optimality conditions."""
    from sklearn.svm import SVC

    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, p))
    z = X @ rng.standard_normal(p) + 0.3
    X, y = X[np.abs(z) > 0.1], z[np.abs(z) > 0.1] > 0
    curve = fastlogreg.separation_curve(X, y)
    sign = np.where(y, 1.0, -1.0)
    margins = sign * (X @ curve.direction + curve.direction_intercept)
    assert margins.min() == pytest.approx(curve.margin, rel=1e-9)
    machine = SVC(kernel="linear", C=1e9, tol=1e-8).fit(X, y)
    length = np.linalg.norm(machine.coef_)
    theirs = (sign * machine.decision_function(X)).min() / length
    assert curve.margin >= theirs - 1e-9
    np.testing.assert_allclose(curve.direction, machine.coef_[0] / length, atol=1e-4)
    support = sign[curve.support, None] * np.column_stack([X, np.ones(len(X))])[curve.support]
    from scipy.optimize import nnls

    force, left = nnls(support.T, np.append(curve.direction, 0.0))
    assert left < 1e-7


def test_the_curve_of_rows_that_tie():
    X, y, _ = load("endometrial")
    curve = fastlogreg.separation_curve(X, y)
    np.testing.assert_allclose(curve.direction, [1.0, 0.0, 0.0], atol=1e-12)
    still = X[:, 0] == 0
    rest = fastlogreg.fit(X[still][:, 1:], y[still])
    np.testing.assert_allclose(curve.coef[1:], rest.coef, rtol=1e-6)
    assert curve.limit == pytest.approx(rest.objective * still.mean())
    assert (np.diff(curve.losses) < 0).all()
    assert curve.losses[-1] == pytest.approx(curve.limit, rel=1e-9)


def test_the_limit_is_that_of_weaker_and_weaker_penalties():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, -2.0, 0.5] > 0.2
    curve = fastlogreg.separation_curve(X, y)
    coef = fastlogreg.fit(X, y, alpha=1e-13).coef
    assert coef @ curve.direction / np.linalg.norm(coef) > 0.999


def test_no_curve_without_separation():
    X, y, _ = load("birthwt")
    with pytest.raises(ValueError, match="needs separated classes, but a finite"):
        fastlogreg.separation_curve(X, y)
    with pytest.raises(ValueError, match="two classes"):
        fastlogreg.separation_curve(X, np.ones(len(y)))
    with pytest.raises(ValueError, match="slopes"):
        fastlogreg.separation_curve([[0.0], [1.0]], [0, 1], slopes=[-1.0])


def test_the_name_of_the_class():
    assert isinstance(check_separation([[0.0], [1.0]], [0, 1]), Separation)
