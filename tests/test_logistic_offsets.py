"""The estimator's offsets: in every method, in a pipeline, in a search, and those refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.callback import ScoringMonitor
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common.logistic import FRAME, OFFSET, PENALTIES, WEIGHT, N, X, Y, fitted
from fastlogreg import LogisticRegression, core


@pytest.mark.parametrize("parameters", PENALTIES, ids=str)
def test_constant_offset_is_in_the_intercept(parameters):
    plain = fitted(**parameters)
    model = fitted(offset=np.full(N, 1.5), **parameters)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.intercept_ + 1.5, plain.intercept_, rtol=1e-5)
    np.testing.assert_allclose(
        model.predict_proba(X, offset=[1.5] * N), plain.predict_proba(X), rtol=1e-5
    )


@pytest.mark.parametrize("container", [np.asarray, np.float32, scipy.sparse.csr_array, FRAME.copy])
def test_offset_in_every_method(container):
    data = FRAME.copy() if container == FRAME.copy else container(X)
    rtol = 1e-5 if container is np.float32 else 1e-12
    model = LogisticRegression(l1_ratio=0.5).fit(data, Y, offset=pd.Series(OFFSET))
    scores = X @ model.coef_[0].astype(float) + model.intercept_[0] + 3 * OFFSET
    far = {"offset": 3 * OFFSET}
    np.testing.assert_allclose(model.decision_function(data, **far), scores, rtol=rtol, atol=rtol)
    positive = core.sigmoid(scores)
    proba = np.column_stack([core.sigmoid(-scores), positive])
    np.testing.assert_allclose(model.predict_proba(data, **far), proba, rtol=rtol)
    np.testing.assert_allclose(model.predict_log_proba(data, **far), np.log(proba), rtol=10 * rtol)
    np.testing.assert_array_equal(model.predict(data, **far), scores > 0)
    assert model.score(data, Y, **far) == np.mean((scores > 0) == Y)
    assert model.score(data, Y, WEIGHT, **far) == pytest.approx(
        np.average((scores > 0) == Y, weights=WEIGHT)
    )
    assert model.score(data, Y, **far) != model.score(data, Y)


BAD_OFFSETS = {
    "short": OFFSET[:-1],
    "a number": 1.0,
    "column": OFFSET[:, None],
    "nan": np.where(OFFSET > 1, np.nan, OFFSET),
    "inf": np.where(OFFSET > 1, np.inf, OFFSET),
    "text": ["a"] * N,
}


@pytest.mark.parametrize("name", BAD_OFFSETS)
@pytest.mark.parametrize(
    "method",
    ["fit", "decision_function", "predict", "predict_proba", "predict_log_proba", "score"],
)
def test_bad_offsets_are_named(name, method):
    model = LogisticRegression().fit(X, Y)
    data = (X, Y) if method in ("fit", "score") else (X,)
    with pytest.raises(ValueError, match="^offset (must|contains)"):
        getattr(model, method)(*data, offset=BAD_OFFSETS[name])


# ----------------------------------------------------------------------------- neighbours


def test_offset_is_routed_through_a_pipeline():
    scaled = StandardScaler().fit_transform(X)
    expected = LogisticRegression(l1_ratio=1).fit(scaled, Y, offset=OFFSET)
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression(l1_ratio=1).set_fit_request(offset=True)
        model.set_predict_request(offset=True).set_predict_proba_request(offset=True)
        model.set_decision_function_request(offset=True).set_score_request(offset=True)
        model.set_predict_log_proba_request(offset=True)
        pipeline = make_pipeline(StandardScaler(), model).fit(X, Y, offset=OFFSET)
        for method in (
            "decision_function", "predict", "predict_proba", "predict_log_proba",
        ):  # fmt: skip
            np.testing.assert_array_equal(
                getattr(pipeline, method)(X, offset=OFFSET),
                getattr(expected, method)(scaled, offset=OFFSET),
            )
        assert pipeline.score(X, Y, offset=OFFSET) == expected.score(scaled, Y, offset=OFFSET)
        scores = cross_validate(model, X, Y, cv=KFold(3), params={"offset": OFFSET})["test_score"]
        search = GridSearchCV(model, {"C": [1.0]}, cv=KFold(3)).fit(X, Y, offset=OFFSET)
    np.testing.assert_array_equal(pipeline[-1].coef_, expected.coef_)
    by_hand = []
    for train, test in KFold(3).split(X):
        fold = LogisticRegression(l1_ratio=1).fit(X[train], Y[train], offset=OFFSET[train])
        by_hand.append(fold.score(X[test], Y[test], offset=OFFSET[test]))
    np.testing.assert_array_equal(scores, by_hand)
    assert search.best_score_ == pytest.approx(np.mean(by_hand))


def test_callbacks_and_an_offset():
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = LogisticRegression(l1_ratio=1).set_callbacks(monitor).fit(X, Y, offset=OFFSET)
    expected = LogisticRegression(l1_ratio=1).fit(X, Y, offset=OFFSET)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6)
    assert len(monitor.get_logs().data) >= 2
