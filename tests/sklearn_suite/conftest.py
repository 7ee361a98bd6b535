"""Which of scikit-learn's tests are not for our class, and why; and what its own conftest gives."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

PATH = "tests a private function of scikit-learn's solvers"
LIMIT = "wants the error of a limitation of one of scikit-learn's solvers; ours has no such limit"
TEXT = "wants the words of one of scikit-learn's solvers; ours name the certified gap"
SILENT = "wants a deprecation warning; older spellings are accepted silently on purpose"
ARRAY_API = "array-API dispatch is not offered, and the estimator's tag says so"


class Deselected(NamedTuple):
    """A test that is left out: all of it, or only where parameters have given values."""

    test: str
    reason: str
    parameters: dict | None = None

    def matches(self, item):
        given = item.callspec.params if hasattr(item, "callspec") else {}
        wanted = self.parameters or {}
        return item.originalname == self.test and all(given[k] == v for k, v in wanted.items())


# fmt: off
DESELECTED = [
    Deselected("test_check_solver_option", LIMIT),
    Deselected("test_consistency_path", PATH),
    Deselected("test_dtype_match", "liblinear alone turns float32 into float64; ours keeps it",
               {"solver": "liblinear"}),
    Deselected("test_l1_ratio_None_deprecated", SILENT),
    Deselected("test_large_sparse_matrix", LIMIT, {"solver": "liblinear"}),
    Deselected("test_large_sparse_matrix", LIMIT, {"solver": "sag"}),
    Deselected("test_large_sparse_matrix", LIMIT, {"solver": "saga"}),
    Deselected("test_liblinear_dual_random_state", "ours has no random state to depend on"),
    Deselected("test_liblinear_multiclass_raises", LIMIT),
    Deselected("test_liblinear_with_large_values", LIMIT),
    Deselected("test_logistic_cv_multinomial_score", PATH),
    Deselected("test_logistic_regression_array_api_compliance", ARRAY_API),
    Deselected("test_logistic_regression_array_api_warm_start", ARRAY_API),
    Deselected("test_logistic_regression_callback_support_warning", LIMIT),
    Deselected("test_logistic_regression_path_coefs_multinomial", PATH),
    Deselected("test_logistic_regression_path_convergence_fail", PATH),
    Deselected("test_logistic_regression_path_init_coefs", PATH),
    Deselected("test_logisticregression_warns_with_n_jobs", SILENT),
    Deselected("test_max_iter", TEXT),
    Deselected("test_multioutput_multiclass_multioutput_estimator_predict_proba",
               "its figures are those of lbfgs at its default tol, 6e-5 from the optimum"),
    Deselected("test_newton_cholesky_fallback_to_lbfgs", PATH),
    Deselected("test_penalty_deprecated", SILENT),
]
# fmt: on


def pytest_configure(config):
    config.addinivalue_line("markers", "thread_unsafe: scikit-learn's mark, without effect here")


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture(params=[np.float32, np.float64])
def global_dtype(request):
    return request.param


@pytest.fixture
def pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


@pytest.fixture
def deselected():
    return DESELECTED


def pytest_collection_modifyitems(config, items):
    here = Path(__file__).parent
    theirs = [item for item in items if item.path.parent == here]
    out = {item for item in theirs if any(entry.matches(item) for entry in DESELECTED)}
    config.hook.pytest_deselected(items=list(out))
    items[:] = [item for item in items if item not in out]
