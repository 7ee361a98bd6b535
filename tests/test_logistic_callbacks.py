"""Those who watch a fit: scikit-learn's callbacks and ``verbose``."""

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastlogreg import LogisticRegression
from fastlogreg.result import CALLBACK


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    return X, (X[:, 0] + rng.logistic(size=200) > 0.3).astype(int)


def test_verbose_prints_a_line_an_iteration(data, capsys):
    model = LogisticRegression(verbose=1).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_[0]
    assert lines[0].startswith("iteration   1  objective 0.")


def test_scoring_monitor_sees_every_iteration(data):
    X, y = data
    monitor = ScoringMonitor(scoring="neg_log_loss")
    labels = np.array(["no", "yes"])[y]
    model = LogisticRegression().set_callbacks(monitor).fit(X, labels)
    scores = [row["neg_log_loss"] for row in monitor.get_logs().data]
    assert len(scores) == model.n_iter_[0] + 1  # the iterations and the whole fit
    assert min(scores) < max(scores)
    assert not hasattr(model, "_callback_fit_ctx")


class StopAtOnce:
    """A callback that stops every fit after its first iteration."""

    def setup(self, estimator, context):
        self.begun = self.ended = 0

    def on_fit_task_begin(self, estimator, context):
        self.begun += 1

    def on_fit_task_end(self, estimator, context):
        self.ended += 1
        return True

    def teardown(self, estimator, context):
        self.torn_down = True


def test_callback_stops_the_fit_without_a_warning(data):
    callback = StopAtOnce()
    model = LogisticRegression(verbose=1).set_callbacks(callback).fit(*data)
    assert model.n_iter_[0] == 1
    assert model.stop_reason_ == CALLBACK
    assert not model.converged_
    assert callback.begun == callback.ended == 3
    assert callback.torn_down


def test_failed_fit_tears_callbacks_down(data):
    X, y = data
    callback = StopAtOnce()
    model = LogisticRegression().set_callbacks(callback)
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(np.where(X > 2, np.nan, X), y)
    assert callback.torn_down
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize(
    ("around", "fits"),
    [
        (lambda model: GridSearchCV(model, {"C": [0.1, 1.0]}, cv=2), 5),
        (lambda model: make_pipeline(StandardScaler(), model), 1),
    ],
    ids=["grid search", "pipeline"],
)
def test_callbacks_work_inside_meta_estimators(data, around, fits):
    monitor = ScoringMonitor(scoring="accuracy")
    around(LogisticRegression().set_callbacks(monitor)).fit(*data)
    tasks = [row["task_name"] for row in monitor.get_logs().data]
    assert tasks.count("fit") == fits
    assert tasks.count("iteration") >= fits


def test_progress_bar(data, capsys):
    pytest.importorskip("rich")
    LogisticRegression().set_callbacks(ProgressBar()).fit(*data)
    assert "LogisticRegression" in capsys.readouterr().out
