"""Pictures of convergence: how far from the minimum, against reads of X or iterations."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

import fastlogreg
from fastlogreg import displays

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("pyplot")


def test_suboptimality_against_reads(axes, nothing_is_cut_off):
    X, y = load_breast_cancer(return_X_y=True)
    best = fastlogreg.fit(X, y, alpha=1e-3, tol=1e-14).objective
    record = []
    result = fastlogreg.fit(X, y, alpha=1e-3, callback=record.append)
    slow = fastlogreg.reference.gradient_descent(X, y, alpha=1e-3, max_iter=7)[2]
    display = displays.ConvergenceDisplay.from_records(
        {"here": record, "gradient descent": slow}, minimum=best, ax=axes
    )
    passes, heights = display.lines_["here"].get_data()
    assert list(passes) == [seen.n_passes for seen in record]
    assert passes[-1] <= result.n_passes
    expected = np.array([seen.objective for seen in record]) / best - 1
    np.testing.assert_array_equal(heights, np.maximum(expected, 2.0**-52))
    passes, heights = display.lines_["gradient descent"].get_data()
    assert list(passes) == list(range(1, 8))
    np.testing.assert_array_equal(heights, np.array(slow) / best - 1)
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "reads of X"
    by_step = displays.ConvergenceDisplay.from_records({"here": record}, against="iterations")
    assert list(by_step.lines_["here"].get_xdata()) == list(range(1, result.n_iter + 1))
    assert nothing_is_cut_off(by_step)


def test_the_point_taken_for_the_minimum_is_left_out():
    display = displays.ConvergenceDisplay.from_records({"a": [3.0, 2.0, 1.0], "b": [4.0, 1.5]})
    np.testing.assert_allclose(display.suboptimality_["a"], [2.0, 1.0, np.nan])
    np.testing.assert_allclose(display.suboptimality_["b"], [3.0, 0.5])
    flat = displays.ConvergenceDisplay.from_records({"a": [2.0, 1.0]}, minimum=1.0)
    np.testing.assert_array_equal(flat.suboptimality_["a"], [1.0, 2.0**-52])


@pytest.mark.parametrize(
    "solver", ["newton", "multilevel", "truncated-newton", "lbfgs", "proximal"]
)
def test_callbacks_see_the_reads_of_the_result(solver):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 40))
    y = rng.random(3000) < 0.5
    seen = []
    result = fastlogreg.fit(X, y, alpha=1e-3, solver=solver, callback=seen.append)
    passes = [info.n_passes for info in seen]
    assert passes == sorted(passes)
    assert 0 < passes[-1] <= result.n_passes


def test_bad_input_of_a_convergence():
    make = displays.ConvergenceDisplay.from_records
    with pytest.raises(ValueError, match="the record of 'a' is empty"):
        make({"a": []})
    with pytest.raises(TypeError, match="must be a dict of lists, got list"):
        make([1.0])
    with pytest.raises(ValueError, match="at least one fit"):
        make({})
    with pytest.raises(ValueError, match="against must be one of"):
        make({"a": [1.0]}, against="seconds")
    with pytest.raises(ValueError, match="above an objective that was reached"):
        make({"a": [2.0, 1.0]}, minimum=1.5)
    with pytest.raises(ValueError, match="minimum must be above 0"):
        make({"a": [1.0, 0.0]})
