"""The proof of a verdict on separation: what it refuses, its arithmetic, its copies."""

import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from common.separation import load
from fastlogreg import check_separation


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
