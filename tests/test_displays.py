"""All pictures alike: their figures, their axes, and matplotlib only when they are drawn."""

import pytest

from common.flowers import flowers
from fastlogreg import LogisticRegression, LogisticRegressionCV, displays, logistic_path

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def test_calibration_is_scikit_learns(axes):
    from sklearn.calibration import CalibrationDisplay

    assert displays.CalibrationDisplay is CalibrationDisplay
    X, y = flowers()
    display = displays.CalibrationDisplay.from_estimator(
        LogisticRegression().fit(X, y), X, y, n_bins=4, ax=axes
    )
    assert display.ax_ is axes


def drawings():
    X, y = flowers()
    model, one = LogisticRegression().fit(X, y), LogisticRegression().fit(X[:, :1], y)
    cv = LogisticRegressionCV(
        Cs=3, l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False
    ).fit(X, y)
    return {
        "SigmoidDisplay": lambda **k: displays.SigmoidDisplay.from_estimator(one, X[:, 0], y, **k),
        "DecisionBoundaryDisplay": lambda **k: displays.DecisionBoundaryDisplay.from_estimator(
            model, X, y, **k
        ),
        "PathDisplay": lambda **k: logistic_path(X, y == 2, n_alphas=5).plot(**k),
        "CVDisplay": lambda **k: displays.CVDisplay.from_estimator(cv, **k),
        "CoefficientDisplay": lambda **k: displays.CoefficientDisplay.from_estimator(model, **k),
        "ConvergenceDisplay": lambda **k: displays.ConvergenceDisplay.from_records(
            {"a": [2.0, 1.0]}, **k
        ),
        "SeparationDisplay": lambda **k: displays.SeparationDisplay([1.0, 2.0], [0.5, 0.1]).plot(
            **k
        ),
    }


OWN = [name for name in displays.__all__ if name != "CalibrationDisplay"]


@pytest.mark.parametrize("name", OWN)
def test_each_makes_its_figure_or_takes_axes(name, axes):
    draw = drawings()[name]
    assert type(draw()) is getattr(displays, name)
    display = draw(ax=axes)
    assert display.ax_ is axes
    assert display.figure_ is axes.figure
    assert display.plot().ax_ is not axes  # again, in a figure of its own


@pytest.mark.parametrize("name", OWN)
def test_each_says_that_matplotlib_is_missing(name, monkeypatch):
    import sys

    draw = drawings()[name]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=f"{name} draws with matplotlib, .* pip install"):
        draw()


def test_importing_displays_imports_no_matplotlib(run_python):
    run_python(
        "import sys; from fastlogreg import displays; displays.PathDisplay; displays.CVDisplay;"
        "displays.SigmoidDisplay; displays.DecisionBoundaryDisplay; displays.SeparationDisplay;"
        "assert 'matplotlib' not in sys.modules and 'sklearn' not in sys.modules"
    )
