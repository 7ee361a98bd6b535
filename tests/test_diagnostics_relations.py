"""`doctor` on columns that depend on each other: collinear, nearly so, duplicate, too many."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from common.diagnostics import N, clean, kinds
from fastlogreg import doctor, relations
from fastlogreg.diagnostics import collinearity
from fastlogreg.diagnostics.columns import describe, equal_columns


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda a, b, c: a + 2 * b, "x4 = x0 + 2 x1"),
        (lambda a, b, c: -a, "x4 = -x0"),
        (lambda a, b, c: 32 + 1.8 * a, "x4 = 32 + 1.8 x0"),
        (lambda a, b, c: (a + b + c) / 3, "x4 = 1/3 x0 + 1/3 x1 + 1/3 x2"),
        (lambda a, b, c: 2.20462 * b - 1, "x4 = -1 + 2.20462 x1"),
        (lambda a, b, c: 1000 - c, "x4 = 1000 - x2"),
        (lambda a, b, c: 1e7 * a, "x4 = 1e+07 x0"),
    ],
)
def test_relations_read_like_their_definitions(make, text):
    X, y = clean()
    (finding,) = doctor(np.column_stack([X, make(*X.T[:3])]), y).of("collinear")
    assert finding.text == text


def test_independent_relations_are_apart():
    X, y = clean()
    groups = np.random.default_rng(2).integers(0, 3, N)
    dummies = (groups[:, None] == np.arange(3)).astype(float)
    X = np.column_stack([X, dummies, X[:, 0] - X[:, 1], X[:, 3] * 2])
    texts = [finding.text for finding in doctor(X, y).of("collinear")]
    assert texts == ["x6 = 1 - x4 - x5", "x7 = x0 - x1", "x8 = 2 x3"]


def test_without_an_intercept_constants_are_columns():
    X, y = clean()
    X = np.column_stack([X, np.ones(N), 3 - X[:, 0]])
    with_one = doctor(X, y)
    assert kinds(with_one) == {"constant", "collinear"}
    without = doctor(X, y, fit_intercept=False)
    assert [finding.text for finding in without] == ["x5 = -x0 + 3 x4"]
    assert not doctor(X[:, :4], y, fit_intercept=False)


def test_relations_of_rounded_data_are_near_ones():
    X, y = clean()
    rounded = np.round(X[:, 0] + X[:, 1], 2)
    report = doctor(np.column_stack([X, rounded]), y)
    assert not report.of("collinear")
    (finding,) = report.of("nearly collinear")
    assert set(finding.columns) == {"x0", "x1", "x4"}
    assert finding.figures["inflation"] > 1e4


def test_inflation_is_that_of_a_regression():
    rng = np.random.default_rng(3)
    Z = rng.standard_normal((300, 4))
    Z[:, 3] = Z[:, 0] - 2 * Z[:, 1] + 0.05 * rng.standard_normal(300)
    R = np.corrcoef(Z.T)
    shift, scale = Z.mean(axis=0), Z.std(axis=0)
    first, *_ = collinearity.near_relations(R, shift, scale)
    others = np.delete(np.arange(4), first.column)
    A = np.column_stack([np.ones(300), Z[:, others]])
    left = Z[:, first.column] - A @ np.linalg.lstsq(A, Z[:, first.column])[0]
    assert first.inflation == pytest.approx(Z[:, first.column].var() / left.var())
    assert not collinearity.near_relations(np.eye(4), shift, scale)


def test_long_relations_are_cut():
    terms = {j: Fraction(1) for j in range(1, 20)}
    names = [f"c{j}" for j in range(20)]
    text = relations.Relation(0, terms, Fraction(0), np.inf).text(names)
    assert text.startswith("c0 = c1 + c2")
    assert text.endswith("c8 + (11 more terms)")


def test_more_columns_than_rows():
    rng = np.random.default_rng(4)
    report = doctor(rng.standard_normal((50, 60)), np.arange(50) % 2)
    assert report.of("more columns than rows")[0].figures == {"columns": 60, "rows": 50}
    assert any("separation" in text for text in report.skipped)
    assert not doctor(rng.standard_normal((50, 3)), np.arange(50) % 2).skipped


def test_too_many_columns_are_not_compared():
    X = sparse.eye_array(2100, format="csr") + sparse.eye_array(2100, k=1, format="csr")
    X = sparse.vstack([X, X[:500]])
    report = doctor(X, np.arange(2600) % 2)
    assert any("more than 2,000 columns" in text for text in report.skipped)
    assert "not looked for: collinear" in str(report)


def test_duplicates_in_groups():
    X, y = clean()
    X = np.column_stack([X, X[:, 0], X[:, 1], X[:, 0]])
    first, second = doctor(X, y).of("duplicate")
    assert first.columns == ("x0", "x4", "x6")
    assert second.columns == ("x1", "x5")
    nearly = np.column_stack([X[:, :1], X[:, :1] * (1 + 1e-12)])
    assert equal_columns(nearly, describe(nearly, np.zeros(N, dtype=int), 1)) == []
