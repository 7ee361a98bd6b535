"""What the estimator's parameters may be, and what they mean to the core."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

from fastlogreg.estimators.firth import check_firth

# scikit-learn's names; all of them ask for the one optimum that the core certifies
HINTS = frozenset({"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"})
_OWN_SOLVERS = frozenset({"auto", "newton", "multilevel", "truncated-newton", "dual", "proximal"})
_SOLVERS = HINTS | _OWN_SOLVERS


class Parameters:
    """The parameters of `LogisticRegression`, which sets them: their ranges and their meanings."""

    _parameter_constraints = {
        "penalty": [
            StrOptions({"firth", "l1", "l2", "elasticnet", "none"}),
            None,
            Hidden(StrOptions({"deprecated"})),
        ],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions(set(_SOLVERS))],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
        "alpha": [Interval(Real, 0, None, closed="left"), StrOptions({"1/n_samples"}), None],
        "multi_class": [StrOptions({"auto", "ovr", "multinomial", "deprecated"})],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "penalty_factor": ["array-like", dict, None],
        "bounds": [dict, "array-like", None],
        "standardize": ["boolean"],
        "reference_class": "no_validation",
        "grouped": ["boolean"],
        "separation": [StrOptions({"warn", "raise", "firth", "ignore"})],
    }

    def _check_parameters(self):
        """Raise for parameters out of their ranges or at odds with each other."""
        if not self._are_usual() and not get_config()["skip_parameter_validation"]:
            self._validate_params()
        if self.alpha is not None and self.C != 1.0:
            raise ValueError(
                f"C={self.C!r} and alpha={self.alpha!r} both set the strength of the penalty; "
                "give one of them."
            )
        if self.multi_class == "ovr":
            self._check_classes()
        self._check_penalty()

    def _check_classes(self):
        """Raise where a model a class is asked for together with what only a joint model has."""
        if self.multi_class == "ovr" and (self.reference_class is not None or self.grouped):
            raise ValueError(
                "reference_class and grouped belong to the joint model of all classes, but "
                "multi_class='ovr' fits each class against the rest; leave one of them out."
            )

    def _are_usual(self):
        """Whether all parameters are of the kind that needs no look by scikit-learn's checks."""
        max_iter, random_state, alpha = self.max_iter, self.random_state, self.alpha
        return (
            isinstance(self.C, (float, int))
            and self.C > 0
            and isinstance(self.tol, (float, int))
            and self.tol >= 0
            and type(max_iter) is int
            and max_iter >= 0
            and type(self.fit_intercept) is bool
            and type(self.warm_start) is bool
            and type(self.solver) is str
            and self.solver in _SOLVERS
            and (
                self.class_weight is None
                or type(self.class_weight) is dict
                or (type(self.class_weight) is str and self.class_weight == "balanced")
            )
            and (random_state is None or (type(random_state) is int and 0 <= random_state < 2**32))
            and (alpha is None or (isinstance(alpha, float) and alpha >= 0))
            and (self.n_threads is None or (type(self.n_threads) is int and self.n_threads > 0))
            and self.n_jobs is None
            and type(self.penalty) is str
            and self.penalty in ("deprecated", "firth")
            and isinstance(self.l1_ratio, (float, int))
            and 0 <= self.l1_ratio <= 1
            and self.dual is False
            and isinstance(self.intercept_scaling, (float, int))
            and self.intercept_scaling > 0
            and type(self.verbose) is int
            and self.verbose >= 0
            and type(self.multi_class) is str
            and self.multi_class in ("auto", "ovr", "multinomial")
            and (self.penalty_factor is None or type(self.penalty_factor) in (dict, np.ndarray))
            and (self.bounds is None or type(self.bounds) in (dict, tuple))
            and type(self.standardize) is bool
            and type(self.grouped) is bool
            and self.separation in ("warn", "raise", "firth", "ignore")
        )

    def _check_penalty(self):
        """Warn, as scikit-learn does, where `penalty` makes other parameters idle."""
        penalty, l1_ratio = self.penalty, self.l1_ratio
        if penalty == "deprecated":
            return
        if penalty == "firth":
            check_firth(self)
            return
        text = None
        if penalty is None or penalty == "none":
            if self.C != 1.0 or self.alpha is not None or l1_ratio:
                text = "Setting penalty=None will ignore the C, alpha and l1_ratio parameters"
        elif penalty == "elasticnet":
            if l1_ratio is None:
                raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
        elif l1_ratio is not None and 0 < l1_ratio < 1:
            text = (
                "l1_ratio parameter is only used when penalty is 'elasticnet'. Got "
                f"(penalty={penalty})"
            )
        elif l1_ratio is not None and l1_ratio != self._l1_ratio():
            text = (
                f"Inconsistent values: penalty={penalty} with l1_ratio={l1_ratio}. penalty is "
                "deprecated. Please use l1_ratio only."
            )
        if text is not None:
            warnings.warn(text, UserWarning, stacklevel=4)

    def _l1_ratio(self):
        """Share of the absolute values in the penalty, from its older and newer spellings."""
        if self.penalty in ("l1", "l2"):
            return 1.0 if self.penalty == "l1" else 0.0
        return float(self.l1_ratio or 0.0)

    def _alpha(self, total_weight):
        """Strength of the penalty against the mean loss."""
        if self.penalty in (None, "none", "firth"):  # Firth's is no such penalty
            return 0.0
        if self.alpha is None or isinstance(self.alpha, str):
            return 1.0 / (float(self.C) * total_weight)
        return float(self.alpha)

    def _relative_tol(self):
        """The relative suboptimality at which a gradient of size `tol` is expected."""
        tol = float(self.tol)
        return min(max(0.1 * tol * tol, 1e-14), 1.0)

    def _threads(self):
        if self.n_threads is not None or self.n_jobs is None:
            return self.n_threads
        from joblib import effective_n_jobs

        return effective_n_jobs(self.n_jobs)

    def _core_solver(self, classes):
        """The solver's name to `fastlogreg.fit`; of the joint models one serves each penalty."""
        if self.solver in HINTS:
            return "auto"
        if len(classes) == 2 or self.multi_class == "ovr":
            return self.solver
        return "softmax-proximal" if self.solver == "proximal" else "auto"

    def _one_vs_rest(self, classes):
        """Whether each class has a model of its own."""
        return len(classes) > 2 and self.multi_class == "ovr"
