"""All of scikit-learn's checks of an estimator, none of them expected to fail."""

import os
import subprocess
import sys

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastlogreg import LogisticRegression, LogisticRegressionCV


@pytest.mark.filterwarnings("ignore")  # theirs, and ours about the checks' own tiny max_iter
@parametrize_with_checks(
    [
        LogisticRegression(),
        LogisticRegression(class_weight="balanced", warm_start=True),
        LogisticRegression(alpha=0.01, solver="newton", n_threads=1),
        LogisticRegressionCV(Cs=[0.01, 1], cv=3),
        LogisticRegressionCV(Cs=[1, 10], cv=3, l1_ratios=[0.5, 1], class_weight="balanced"),
    ]
)
def test_estimator_check(estimator, check, request):
    if "check_array_api_input" in request.node.name:
        pytest.skip("needs a switch that SciPy reads at import: see test_array_api_check")
    check(estimator)


@pytest.mark.slow
def test_array_api_check():
    """The one check that is skipped unless SCIPY_ARRAY_API is set before SciPy is imported."""
    script = (
        "from sklearn.utils.estimator_checks import check_estimator\n"
        "from fastlogreg import LogisticRegression\n"
        "seen = check_estimator(LogisticRegression(), on_fail=None, on_skip=None)\n"
        "print({check['status'] for check in seen})\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", script],  # -P: not the source folder
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{'passed'}"
