"""Intervals, tests and summaries of the penalised likelihood; results that hold no data."""

import pickle

import numpy as np
import pytest

from common.firth import TIGHT, data, likelihood
from fastlogreg import firth


def test_the_ends_of_an_interval_have_the_asked_likelihood():
    from scipy.special import chdtri

    X, y = data(n=50, size=2.0)
    result = firth(X, y, tol=TIGHT)
    for level in (0.5, 0.95, 0.999):
        ends = result.interval(level, [1, "intercept"])
        for row, j in zip(ends, (1, 4), strict=True):
            for end in row:
                start = np.append(result.coef, result.intercept)
                start[j] = end
                at = likelihood(X, y).maximise(start, TIGHT, 100, np.arange(5) == j)
                drop = 2.0 * (result.penalised_loglik - at.penalised_loglik)
                assert drop == pytest.approx(chdtri(1, 1 - level), abs=1e-6)


@pytest.mark.parametrize("method", ["firth", "flic", "flac"])
def test_the_summary_holds_all_parts(method):
    X, y = data()
    result = firth(X, y, method=method, feature_names=list("abcd"))
    table = result.summary(0.9)
    assert table.rows == ("a", "b", "c", "d", "intercept")
    assert table.columns == ("coef", "std err", "chi2", "P>chi2", "5%", "95%")
    np.testing.assert_array_equal(table["coef"], np.append(result.coef, result.intercept))
    np.testing.assert_array_equal(table["std err"], result.standard_errors)
    np.testing.assert_array_equal(table.values[:, 4:], result.interval(0.9))
    assert (table["chi2"][2], table["P>chi2"][2]) == result.test("c")[::2]
    assert np.isnan(table["chi2"][-1]) == (method == "flic")
    for part in ("log-likelihood", method.upper() if method != "firth" else "power 0.5", "b "):
        assert part in str(result)


def test_a_test_compares_maxima():
    X, y = data()
    result = firth(X, y, tol=TIGHT)
    one = result.test(2)
    assert one == result.test([2]) == result.test(-2)
    start = np.zeros(5)
    fixed = np.arange(5) == 2
    at = likelihood(X, y).maximise(start, TIGHT, 100, fixed)
    assert at.theta[2] == 0
    assert one.statistic == pytest.approx(2 * (result.penalised_loglik - at.penalised_loglik))
    assert result.test().df == 4
    assert result.test([0, 1, 2, 3, "intercept"]).df == 5
    low, high = result.interval(1 - one.pvalue, 2)[0]  # its end is the hypothesis
    assert min(abs(low), abs(high)) < 1e-6


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (4, "from -4 to 3, names or intercept, got 4"), (-5, "got -5"), ("age", "got 'age'"),
        (1.5, "got 1.5"), ([0, 0], "twice"), ([1, "intercept", "intercept"], "twice"),
    ],
)  # fmt: skip
def test_wrong_columns_are_refused(columns, text):
    result = firth(*data())
    for method in (result.test, lambda c: result.interval(columns=c)):
        with pytest.raises(ValueError, match=text):
            method(columns)


@pytest.mark.parametrize("method", ["firth", "flic", "flac", "median"])
def test_columns_of_a_frame_go_by_their_names(method):
    pd = pytest.importorskip("pandas")
    X, y = data()
    frame = pd.DataFrame(X, columns=["age", "dose", "sex", "smokes"])
    result = firth(frame, y, method=method)
    assert result.names == ("age", "dose", "sex", "smokes")
    if method != "median":
        np.testing.assert_array_equal(result.interval(columns="sex"), result.interval(columns=2))
        assert result.test(["age", "sex"]) == result.test([0, 2])
        with pytest.raises(ValueError, match="from -4 to 3, names or intercept, got 'weight'"):
            result.test("weight")
    with pytest.raises(ValueError, match="no maximum: twice = 2 age"):
        firth(frame.assign(twice=2 * frame["age"]), y, method=method)


def test_what_has_no_likelihood_says_so():
    X, y = data()
    with pytest.raises(ValueError, match="median"):
        firth(X, y, method="median").interval()
    with pytest.raises(ValueError, match="FLIC"):
        firth(X, y, method="flic").test("intercept")
    with pytest.raises(ValueError, match="nothing to test"):
        firth(X, y).test([])
    for level in (0.0, 1.0, 95, "0.9"):
        with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
            firth(X, y).interval(level)


def test_a_pickle_holds_no_data():
    X, y = data(n=5_000)
    result = firth(X, y)
    text = pickle.dumps(result)
    assert len(text) < 3_000
    again = pickle.loads(text)
    np.testing.assert_array_equal(again.coef, result.coef)
    assert again.step == result.step
    for other in (again, result.without_data()):
        with pytest.raises(ValueError, match="holds? the data|needs the data"):
            other.interval()
    assert result.interval().shape == (5, 2)
