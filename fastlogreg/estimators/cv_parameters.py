"""What the parameters of a cross-validation may be, and the grid that they ask for."""

import warnings
from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

from fastlogreg.estimators import folds, one_vs_rest
from fastlogreg.estimators.class_paths import softmax_grid
from fastlogreg.estimators.doors import balances_later
from fastlogreg.estimators.parameters import Parameters
from fastlogreg.path import logistic_path

_CHANGES = {
    "scoring": "The default value of the parameter 'scoring' will change from None, i.e. accuracy, "
    "to 'neg_log_loss' with scikit-learn 1.11. Set scoring='neg_log_loss' or scoring='accuracy'.",
    "use_legacy_attributes": "The default value of use_legacy_attributes will change from True to "
    "False with scikit-learn 1.10, which gives C_, l1_ratio_, scores_, coefs_paths_ and n_iter_ "
    "simpler shapes. Set use_legacy_attributes=False or True.",
    "l1_ratios": "The default value for l1_ratios will change from None to (0.0,) with "
    "scikit-learn 1.10, which adds a dimension to the legacy attributes. Set l1_ratios=(0,).",
}


class CVParameters:
    """The parameters of `LogisticRegressionCV`, which sets them: their ranges and meanings."""

    _parameter_constraints = {
        **{
            name: constraint
            for name, constraint in Parameters._parameter_constraints.items()
            if name not in ("C", "l1_ratio", "warm_start", "alpha")
        },
        "Cs": [Interval(Integral, 1, None, closed="left"), StrOptions({"path"}), "array-like"],
        "l1_ratios": ["array-like", None, Hidden(StrOptions({"warn"}))],
        "cv": ["cv_object"],
        "scoring": [
            StrOptions(set(get_scorer_names())), callable, None, Hidden(StrOptions({"warn"})),
        ],
        "refit": ["boolean"],
        "penalty": [
            StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({"deprecated"})),
        ],
        "use_legacy_attributes": ["boolean", Hidden(StrOptions({"warn"}))],
        "alphas": ["array-like", None],
    }  # fmt: skip

    def _check_parameters(self):
        """Raise or warn about parameters; True if attributes have their legacy shapes."""
        if not get_config()["skip_parameter_validation"]:
            self._validate_params()
        if self.alphas is not None and not (isinstance(self.Cs, Integral) and self.Cs == 10):
            raise ValueError(
                f"Cs={self.Cs!r} and alphas={self.alphas!r} both set the strengths of the penalty; "
                "give one of them."
            )
        self._check_classes()
        legacy = self.use_legacy_attributes
        if isinstance(legacy, str):
            legacy = True
            warnings.warn(_CHANGES["use_legacy_attributes"], FutureWarning, stacklevel=3)
        if isinstance(self.scoring, str) and self.scoring == "warn":
            warnings.warn(_CHANGES["scoring"], FutureWarning, stacklevel=3)
        if legacy and isinstance(self.l1_ratios, str) and self.penalty == "deprecated":
            warnings.warn(_CHANGES["l1_ratios"], FutureWarning, stacklevel=3)
        ratios = self._given_ratios()
        if ratios is not None and self.penalty in ("l1", "l2"):
            text = (
                "l1_ratios parameter is only used when penalty is 'elasticnet'. Got "
                f"(penalty={self.penalty})"
            )
            warnings.warn(text, UserWarning, stacklevel=3)
        return bool(legacy)

    def _check_class_weight(self, classes):
        """ValueError if class_weight names a label that y does not have."""
        if isinstance(self.class_weight, dict):
            unknown = self.class_weight.keys() - set(classes.tolist())
            if unknown:
                raise ValueError(
                    "The given class_weight dict must have the class labels as keys; "
                    f"classes={classes} but key={sorted(unknown, key=repr)}"
                )

    def _given_ratios(self):
        """l1_ratios as an array of numbers within [0, 1], or None."""
        given = None if isinstance(self.l1_ratios, str) else self.l1_ratios
        if given is None and self.penalty != "elasticnet":
            return None
        try:
            ratios = np.asarray(given, dtype=float)
            good = ratios.ndim == 1 and ratios.size and (ratios >= 0).all() and (ratios <= 1).all()
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ValueError(
                "l1_ratios must be an array-like of numbers between 0 and 1; got "
                f"(l1_ratios={given!r})"
            )
        return ratios

    def _ratios(self):
        """The l1_ratios that the models are fitted with."""
        ratios = self._given_ratios()
        if ratios is None:
            return np.array([1.0 if self.penalty == "l1" else 0.0])
        if self.penalty in ("l1", "l2"):
            return np.full(len(ratios), 1.0 if self.penalty == "l1" else 0.0)
        return ratios

    def _grid(self, problem, terms):
        """The `Grid` that the parameters and, for 'path', the data ask for."""
        total = problem.total_weight
        if isinstance(self.Cs, str):
            ratios = self._ratios()
            ratio = min(ratios[ratios > 0], default=0.0)
            alphas = self._grid_of_data(problem, ratio, terms | {"n_threads": self._threads()})
            with np.errstate(divide="ignore"):
                return folds.Grid(1.0 / (alphas * total), alphas, True)
        if self.alphas is not None:
            alphas = _strengths(self.alphas, "alphas")
            if not ((alphas >= 0) & (alphas < np.inf)).all():
                raise ValueError(f"alphas must be finite and at least 0, got {self.alphas!r}")
            with np.errstate(divide="ignore"):
                return folds.Grid(1.0 / (alphas * total), alphas, True)
        if isinstance(self.Cs, Integral):
            Cs = np.logspace(-4, 4, self.Cs)
        else:
            Cs = _strengths(self.Cs, "Cs")
            if not (Cs > 0).all():
                raise ValueError(f"Cs must be above 0, got {self.Cs!r}")
        return folds.Grid(Cs, 1.0 / (Cs * total), False)

    def _grid_of_data(self, problem, l1_ratio, terms):
        """Strengths from the data; for a model a class, from the strongest of all their grids."""
        apart = self._one_vs_rest(problem.classes)
        if problem.n_classes > 2 and not apart:
            return softmax_grid(problem, l1_ratio, terms)
        grids = []
        for k in range(problem.n_classes if apart else 1):
            part, its_terms = problem, terms
            if apart:
                part = one_vs_rest.of_class(problem, k, balances_later(self, problem.classes))
                its_terms = one_vs_rest.terms_of(terms, k)
            path = logistic_path(
                part.X, part.y, l1_ratio=l1_ratio, sample_weight=part.sample_weight,
                offset=part.offset, **its_terms,
            )  # fmt: skip
            grids.append(path.alphas)
        longest = max(grids, key=len)
        return longest * (max(grid[0] for grid in grids) / longest[0])


def _strengths(values, name):
    """A user's strengths as a one-dimensional array of numbers."""
    try:
        strengths = np.array(values, dtype=float)
    except (TypeError, ValueError):
        strengths = np.empty(0)
    if strengths.ndim != 1 or not strengths.size:
        raise ValueError(f"{name} must be a one-dimensional array of numbers, got {values!r}")
    return strengths
