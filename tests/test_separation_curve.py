"""The widest margin between separated classes, and the loss along it."""

import math

import numpy as np
import pytest

import fastlogreg
from common.separation import load
from fastlogreg import Separation, check_separation


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
    assert "0.6931 at slope 0," in str(curve)
    assert "(0.5, that of 2 rows): 1 x0" in str(curve)


def test_the_curve_tells_the_names_of_columns():
    pd = pytest.importorskip("pandas")
    X = np.random.default_rng(0).standard_normal((60, 12))
    X[:, 4] *= 20.0
    frame = pd.DataFrame(X, columns=list("abcdefghijkl"))
    text = str(fastlogreg.separation_curve(frame, X @ np.arange(12) > 0, slopes=[2.0]))
    assert "at slope 2, towards 0" in text
    assert " l, " in text
    assert text.endswith("(4 more)")


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
    above = curve.losses[:-1] > curve.limit  # the last are the limit itself, to the last bit
    assert above.sum() > 55
    assert (np.diff(curve.losses)[above] < 0).all()
    assert (np.diff(curve.losses) <= np.spacing(curve.limit)).all()
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
