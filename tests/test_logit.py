"""Logit, the door for those who come from statsmodels: the same names and the same numbers."""

import numpy as np
import pytest

from fastlogreg import Logit

pd = pytest.importorskip("pandas")
sm = pytest.importorskip("statsmodels.api")
ALIKE = (
    "params", "bse", "tvalues", "pvalues", "llf", "llnull", "llr", "llr_pvalue", "prsquared", "aic",
    "bic", "nobs", "df_model", "df_resid", "fittedvalues", "resid_response", "resid_pearson",
    "resid_dev",
)  # fmt: skip


def sets():
    spector = sm.datasets.spector.load_pandas()
    yield "spector", spector.endog, sm.add_constant(spector.exog)
    fair = sm.datasets.fair.load_pandas()
    exog = sm.add_constant(fair.exog[["rate_marriage", "age", "yrs_married", "religious", "educ"]])
    yield "fair", (fair.endog > 0).astype(float).rename("affair"), exog
    yield "spector without constant", spector.endog, spector.exog


SETS = {name: pair for name, *pair in sets()}


@pytest.fixture(params=list(SETS))
def data(request):
    return SETS[request.param]


def theirs(endog, exog, **options):
    return sm.Logit(endog, exog, **options).fit(disp=0, method="newton", tol=1e-14)


def close(ours, expected):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(expected), rtol=1e-6, atol=1e-8)


def test_same_numbers_in_the_same_boxes(data):
    ours, expected = Logit(*data).fit(), theirs(*data)
    for name in ALIKE:
        mine, other = getattr(ours, name), getattr(expected, name)
        close(mine, other)
        if isinstance(other, pd.Series):
            assert isinstance(mine, pd.Series), name
            assert mine.index.equals(other.index), name
    pd.testing.assert_frame_equal(ours.conf_int(), expected.conf_int(), rtol=1e-6)
    pd.testing.assert_frame_equal(ours.conf_int(alpha=0.1), expected.conf_int(alpha=0.1), rtol=1e-6)
    pd.testing.assert_frame_equal(ours.cov_params(), expected.cov_params(), rtol=1e-6)
    np.testing.assert_array_equal(ours.pred_table(), expected.pred_table())
    np.testing.assert_array_equal(ours.pred_table(0.3), expected.pred_table(0.3))
    close(ours.predict(), expected.predict())
    assert ours.predict().index.equals(data[1].index)
    new = data[1].iloc[::3]
    close(ours.predict(new), expected.predict(new))
    close(ours.predict(new, which="linear"), expected.predict(new, which="linear"))
    R = np.eye(data[1].shape[1])[1:3]
    test, other = ours.wald_test(R), expected.wald_test(R, scalar=True)
    assert (test.statistic, test.pvalue) == pytest.approx((other.statistic, other.pvalue), rel=1e-6)
    assert "coef" in str(ours.summary())


def test_arrays_stay_arrays(data):
    endog, exog = data
    ours, expected = Logit(endog.to_numpy(), exog.to_numpy()).fit(), theirs(*data)
    for name in ("params", "bse", "fittedvalues", "resid_dev"):
        assert type(getattr(ours, name)) is np.ndarray
        close(getattr(ours, name), getattr(expected, name))
    assert type(ours.conf_int()) is type(ours.cov_params()) is np.ndarray
    same = sm.Logit(endog.to_numpy(), exog.to_numpy())
    assert ours.model.exog_names == same.exog_names


def test_names_where_the_constant_is_last():
    endog, exog = SETS["spector"]
    columns = exog.to_numpy()[:, [1, 2, 3, 0]]
    assert Logit(endog.to_numpy(), columns).exog_names == ["x1", "x2", "x3", "const"]


def test_robust_covariance(data):
    """statsmodels gives HC0 for Logit whichever of HC0 and HC1 is asked."""
    ours = Logit(*data).fit(cov_type="HC0")
    expected = sm.Logit(*data).fit(disp=0, method="newton", tol=1e-14, cov_type="HC0")
    close(ours.bse, expected.bse)


def test_clustered_covariance():
    """statsmodels multiplies with (n - 1) / (n - k) besides."""
    endog, exog = SETS["fair"]
    groups = np.arange(len(endog)) % 37
    ours = Logit(endog, exog).fit(cov_type="cluster", cov_kwds={"groups": groups})
    expected = sm.Logit(endog, exog).fit(
        disp=0, tol=1e-14, cov_type="cluster", cov_kwds={"groups": groups}
    )
    n, k = exog.shape
    close(ours.bse * np.sqrt((n - 1) / (n - k)), expected.bse)


@pytest.mark.parametrize(
    ("at", "dummy", "atexog"),
    [("overall", False, None), ("overall", True, None), ("mean", False, None),
     ("mean", True, {1: 3.0}), ("median", False, {1: 3.0}), ("zero", False, None)],
)  # fmt: skip
def test_marginal_effects(data, at, dummy, atexog):
    ours, expected = Logit(*data).fit(), theirs(*data)
    mine = ours.get_margeff(at=at, dummy=dummy, atexog=atexog)
    other = expected.get_margeff(at=at, dummy=dummy, atexog=atexog)
    for name in ("margeff", "margeff_se", "tvalues", "pvalues"):
        close(getattr(mine, name), getattr(other, name))
    close(mine.conf_int(), other.conf_int())
    assert list(mine.summary_frame()["effect"]) == list(mine.margeff)


def test_frequency_weights_and_offset():
    endog, exog = SETS["spector"]
    times = np.arange(len(endog)) % 3 + 1
    offset = np.linspace(-1, 1, len(endog))
    ours = Logit(endog, exog, offset=offset, freq_weights=times).fit()
    expected = sm.GLM(
        endog, exog, family=sm.families.Binomial(), offset=offset, freq_weights=times
    ).fit(tol=1e-14)
    close(ours.params, expected.params)
    close(ours.bse, expected.bse)
    assert ours.llf == pytest.approx(expected.llf)
    repeated = theirs(np.repeat(endog, times), np.repeat(exog, times, axis=0),
                      offset=np.repeat(offset, times))  # fmt: skip
    for name in ("llf", "llnull", "aic", "bic", "nobs", "df_resid", "prsquared"):
        assert getattr(ours, name) == pytest.approx(getattr(repeated, name)), name
    np.testing.assert_allclose(ours.pred_table().sum(), times.sum())


def test_separated_data_end():
    exog = pd.DataFrame({"const": 1.0, "dose": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    results = Logit(pd.Series([0, 0, 0, 1, 1, 1]), exog).fit()
    assert results.params["dose"] == np.inf
    assert np.isnan(results.pvalues["dose"])
    assert 0.7 < results.conf_int(method="profile").loc["dose", 0] < 0.8
    assert results.predict().tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda e, x: Logit(e[:-1], x), "endog must have shape"),
        (lambda e, x: Logit(e * 2, x).fit(), "0/1"),
        (lambda e, x: Logit(e, np.where(x == x[0, 0], np.nan, x)), "NaN"),
        (lambda e, x: Logit(e, x).fit(cov_type="HC9"), "covariance must be one of"),
        (lambda e, x: Logit(e, x).fit(cov_kwds={"maxlags": 1}), "cov_kwds takes 'groups'"),
        (lambda e, x: Logit(e, x).fit().get_margeff(at="all"), "at must be 'overall'"),
        (lambda e, x: Logit(e, x).fit().get_margeff(method="eyex"), "method must be 'dydx'"),
        (lambda e, x: Logit(e, x).fit().predict(which="var"), "which must be"),
        (lambda e, x: Logit(e, np.column_stack([x, x[:, 1]])).fit(), "x4 = x1"),
    ],
)
def test_bad_input(call, text):
    endog, exog = (part.to_numpy() for part in SETS["spector"])
    with pytest.raises(ValueError, match=text):
        call(endog, exog)


@pytest.mark.parametrize("which", ["mean", "linear"])
@pytest.mark.parametrize("separated", [False, True])
def test_prediction_refuses_columns_in_another_order(which, separated):
    pd = pytest.importorskip("pandas")
    exog = pd.DataFrame({"const": np.ones(8), "x": np.arange(8.0)})
    endog = [0, 0, 0, 0, 1, 1, 1, 1] if separated else [0, 0, 1, 0, 1, 0, 1, 1]
    results = Logit(endog, exog).fit()
    assert len(results.predict(exog, which)) == 8
    with pytest.raises(ValueError, match=r"columns \['x', 'const'\], the fit had \['const', 'x'\]"):
        results.predict(exog[["x", "const"]], which)


@pytest.mark.parametrize("rows", [None, slice(None, None, 3)])
def test_prediction_with_its_intervals(data, rows):
    exog = data[1] if rows is None else data[1].iloc[rows]
    given = () if rows is None else (exog,)
    mine, other = Logit(*data).fit().get_prediction(*given), theirs(*data).get_prediction(*given)
    close(mine.predicted, other.predicted)
    close(mine.se, other.se)
    close(mine.conf_int(alpha=0.1), other.conf_int(alpha=0.1))
    frame, expected = mine.summary_frame(), other.summary_frame()
    assert list(frame.columns) == list(expected.columns)
    assert frame.index.equals(exog.index)
    close(frame, expected)


def test_what_is_left_of_a_result_object(data):
    ours, expected = Logit(*data).fit(cov_type="HC1"), theirs(*data)
    close(ours.normalized_cov_params, expected.normalized_cov_params)
    assert ours.mle_retvals["converged"] is expected.mle_retvals["converged"] is True
    assert ours.summary().as_text() == str(ours.summary())
    assert ours.summary().as_html().startswith("<h4>Logistic regression")
    separated = Logit([0, 0, 1, 1], np.column_stack([np.ones(4), np.arange(4.0)])).fit()
    assert separated.mle_retvals["converged"] is False


def test_every_hc_of_statsmodels_is_hc0(data):
    """What the docstring says of its robust covariances."""
    expected = [sm.Logit(*data).fit(disp=0, cov_type=kind).bse for kind in ("HC0", "HC1", "HC3")]
    close(expected[1], expected[0])
    close(expected[2], expected[0])
    ours = [Logit(*data).fit(cov_type=kind).bse for kind in ("HC0", "HC1")]
    n, k = data[1].shape
    close(ours[1], ours[0] * np.sqrt(n / (n - k)))


def test_collinear_columns_can_be_dropped():
    endog, exog = SETS["spector"]
    twice = exog.assign(again=2.0 * exog.iloc[:, 1])
    with pytest.raises(ValueError, match="collinear='drop'"):
        Logit(endog, twice).fit()
    dropped, plain = Logit(endog, twice).fit(collinear="drop"), Logit(endog, exog).fit()
    close(dropped.params.iloc[:-1], plain.params)
    assert np.isnan(dropped.params["again"])
    close(dropped.predict(), plain.predict())
