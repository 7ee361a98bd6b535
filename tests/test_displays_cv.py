"""Pictures of a cross-validation: means and errors of the scores, and what was chosen."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from common.flowers import flowers
from fastlogreg import LogisticRegressionCV, displays

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("ratios", [(0,), (0, 0.5, 1)])
def test_error_bars_are_those_of_the_folds(axes, legacy, ratios):
    X, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegressionCV(
        Cs=[0.01, 0.1, 1, np.inf], l1_ratios=ratios, standardize=True, scoring="neg_log_loss",
        use_legacy_attributes=legacy, cv=4, max_iter=1000, bounds=(-30, 30),
    ).fit(X, y)  # fmt: skip
    display = displays.CVDisplay.from_estimator(model, ax=axes)
    if legacy:
        scores = model.scores_[1].swapaxes(1, 2)
    else:
        scores = model.scores_
    place = list(ratios).index(float(np.ravel(model.l1_ratio_)[0]))
    scores = scores[:, place, :3]  # C = inf has no place on the axis
    line, caps, (bars,) = display.errorbar_.lines
    np.testing.assert_array_equal(line.get_xdata(), model.alphas_[:3])
    np.testing.assert_allclose(line.get_ydata(), scores.mean(axis=0))
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    error = scores.std(axis=0, ddof=1) / 2.0
    np.testing.assert_allclose(ends.T, [line.get_ydata() - error, line.get_ydata() + error])
    assert len(caps) == 2
    if model.alpha_ > 0:
        assert list(display.min_line_.get_xdata()) == [model.alpha_] * 2
    else:
        assert display.min_line_ is None
    assert list(display.one_se_line_.get_xdata()) == [model.alpha_1se_] * 2
    assert axes.get_xscale() == "log"
    assert "log loss" in axes.get_ylabel()


def test_a_chosen_l1_ratio(nothing_is_cut_off):
    X, y = flowers()
    model = LogisticRegressionCV(
        Cs=4, l1_ratios=(0, 1), scoring="accuracy", use_legacy_attributes=False
    ).fit(X, y)
    best = displays.CVDisplay.from_estimator(model)
    other = 1.0 - model.l1_ratio_
    display = displays.CVDisplay.from_estimator(model, l1_ratio=other)
    mean = model.scores_.mean(axis=0)[int(other)]
    np.testing.assert_allclose(display.mean_, mean)
    assert best.min_line_ is not None
    assert display.min_line_ is None  # the two strengths belong to the best
    assert nothing_is_cut_off(best)
    with pytest.raises(ValueError, match="l1_ratio must be one of those tried"):
        displays.CVDisplay.from_estimator(model, l1_ratio=0.3)


@pytest.mark.parametrize("legacy", [False, True])
def test_scores_of_one_vs_rest(legacy):
    X, y = load_iris(return_X_y=True)
    model = LogisticRegressionCV(
        Cs=3, l1_ratios=(0, 1), multi_class="ovr", scoring="accuracy", use_legacy_attributes=legacy
    ).fit(X, y)
    display = displays.CVDisplay.from_estimator(model, l1_ratio=1)
    scores = model.scores_[1][:, :, 1] if legacy else model.scores_[:, 1]
    np.testing.assert_allclose(display.mean_, scores.mean(axis=0))


def test_bad_input_of_a_cross_validation():
    with pytest.raises(ValueError, match="fitted fastlogreg.LogisticRegressionCV"):
        displays.CVDisplay.from_estimator(LogisticRegressionCV())
    with pytest.raises(ValueError, match="a column for each of 2 alphas"):
        displays.CVDisplay([1.0, 2.0], np.ones((5, 3)))
    with pytest.raises(ValueError, match="alphas must be above 0"):
        displays.CVDisplay([1.0, 0.0], np.ones((5, 2)))
