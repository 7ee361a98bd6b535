"""The verdict on separation, whatever the data: layouts, weights, collinear columns, bad input."""

import numpy as np
import pytest
import scipy.sparse as sp

from common.separation import binary_cone, full_rank, load
from fastlogreg import check_separation

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
