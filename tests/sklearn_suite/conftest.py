"""Which of scikit-learn's tests are not for our class, and why; and what its own conftest gives."""

from pathlib import Path
from typing import NamedTuple

import pytest

MULTICLASS = "more than two classes come in a later version"
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
    Deselected("test_LogisticRegressionCV_GridSearchCV_elastic_net", MULTICLASS, {"n_classes": 3}),
    Deselected("test_LogisticRegressionCV_elasticnet_attribute_shapes", MULTICLASS,
               {"n_classes": 3}),
    Deselected("test_LogisticRegressionCV_no_refit", MULTICLASS, {"n_classes": 3}),
    Deselected("test_LogisticRegressionCV_on_folds", MULTICLASS),
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
    Deselected("test_logistic_cv_folds_with_classes_missing", MULTICLASS, {"n_classes": 3}),
    Deselected("test_logistic_cv_multinomial_score", MULTICLASS),
    Deselected("test_logistic_glmnet", MULTICLASS),
    Deselected("test_logistic_regression_array_api_compliance", ARRAY_API),
    Deselected("test_logistic_regression_array_api_warm_start", ARRAY_API),
    Deselected("test_logistic_regression_callback_fitted_estimator", MULTICLASS, {"n_classes": 3}),
    Deselected("test_logistic_regression_callback_support_warning", LIMIT),
    Deselected("test_logistic_regression_class_weights", MULTICLASS),
    Deselected("test_logistic_regression_path_coefs_multinomial", PATH),
    Deselected("test_logistic_regression_path_convergence_fail", PATH),
    Deselected("test_logistic_regression_path_init_coefs", PATH),
    Deselected("test_logistic_regression_solvers_multiclass", MULTICLASS),
    Deselected("test_logistic_regression_solvers_multiclass_unpenalized", MULTICLASS),
    Deselected("test_logistic_regressioncv_class_weights", MULTICLASS,
               {"weight": {0: 0.1, 1: 0.2, 2: 0.5}}),
    Deselected("test_logisticregression_warns_with_n_jobs", SILENT),
    Deselected("test_logisticregressioncv_warns_with_use_legacy_attributes", MULTICLASS),
    Deselected("test_logreg_predict_proba_multinomial", MULTICLASS),
    Deselected("test_max_iter", TEXT),
    Deselected("test_multinomial_cv_iris", MULTICLASS),
    Deselected("test_multinomial_identifiability_on_iris", MULTICLASS),
    Deselected("test_multinomial_logistic_regression_string_inputs", MULTICLASS),
    Deselected("test_n_iter", MULTICLASS),
    Deselected("test_newton_cholesky_fallback_to_lbfgs", PATH),
    Deselected("test_penalty_deprecated", SILENT),
    Deselected("test_predict_3_classes", MULTICLASS),
    Deselected("test_sample_weight_not_modified", MULTICLASS),
    Deselected("test_sparsify", MULTICLASS),
    Deselected("test_warm_start", MULTICLASS),
    Deselected("test_warm_start_newton_solver", MULTICLASS),
]
# fmt: on


def pytest_configure(config):
    config.addinivalue_line("markers", "thread_unsafe: scikit-learn's mark, without effect here")


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture
def deselected():
    return DESELECTED


def pytest_collection_modifyitems(config, items):
    here = Path(__file__).parent
    theirs = [item for item in items if item.path.parent == here]
    out = {item for item in theirs if any(entry.matches(item) for entry in DESELECTED)}
    config.hook.pytest_deselected(items=list(out))
    items[:] = [item for item in items if item not in out]
