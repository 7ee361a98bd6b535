"""Columns that depend on others: found, and written."""

import numpy as np
import pytest
from scipy import sparse

from fastlogreg.relations import Relation, dependent_columns, told

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
NAMES = ["a", "b", "c", "d", "e"]


def texts(X, weight=None, intercept=True, exact=1e-10):
    found = dependent_columns(X, weight, intercept, exact, 1)
    return [relation.text(NAMES) for relation in found]


def test_a_column_is_written_by_those_before_it():
    d, e = 1 + X[:, 0] / 3 - 2 * X[:, 1], X[:, 2] * 0.123456
    A = np.column_stack([X, d, e])
    for given in (A, np.asfortranarray(A), sparse.csr_array(A), sparse.csc_array(A)):
        assert texts(given) == ["d = 1 + 1/3 a - 2 b", "e = 0.123456 c"]
    assert texts(A, intercept=False) == ["e = 0.123456 c"]
    assert texts(X) == []


def test_a_coefficient_near_a_fraction_is_not_taken_for_it():
    A = np.column_stack([X, X[:, 0] * (1 / 3 + 1e-7)])
    (relation,) = dependent_columns(A, None, True, 1e-10, 1)
    assert relation.terms[0] == pytest.approx(1 / 3 + 1e-7, rel=1e-12)


def test_constant_columns_and_zeros():
    A = np.column_stack([X[:, 0], np.zeros(60), np.full(60, 3.0)])
    assert texts(A) == ["b = 0", "c = 3"]
    assert texts(A, intercept=False) == ["b = 0"]


def test_only_rows_of_weight_count():
    d = X[:, 0] + X[:, 1]
    d[7] += 1.0
    weight = np.ones(60)
    A = np.column_stack([X, d])
    assert texts(A, weight) == []
    weight[7] = 0.0
    assert texts(A, weight) == ["d = a + b"]


def test_what_is_left_of_a_column_decides():
    A = np.column_stack([X, X[:, 0] + 1e-8 * RNG.standard_normal(60)])
    assert texts(A) == []
    assert texts(A, exact=1e-6) == ["d = a"]


def test_many_relations_are_cut():
    ten = [Relation(1, {0: 2.0})] * 10
    assert told(ten[:2], NAMES) == "b = 2 a; b = 2 a"
    assert told(ten, NAMES).endswith("b = 2 a; and 2 more")
