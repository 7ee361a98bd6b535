"""The verdict on separation: that of a linear program, that of known sets, that of many classes."""

import numpy as np
import pytest
import scipy.sparse as sp

from common.separation import binary_cone, full_rank, load, softmax_cone
from fastlogreg import check_separation

# ---------------------------------------------------------------------- sets drawn at random


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
