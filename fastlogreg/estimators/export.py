"""A fitted estimator elsewhere: as scikit-learn's own object, and as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastlogreg import document
from fastlogreg.estimators.equivalents import Given
from fastlogreg.estimators.firth import from_record, to_record

if TYPE_CHECKING:
    from typing import Any, Self

_KIND = "fastlogreg estimator"
_FORMAT_NUMBER = 1
_WRITTEN = (
    "classes_", "coef_", "intercept_", "n_iter_", "n_features_in_", "feature_names_in_",
    "objective_", "certificate_", "converged_", "stop_reason_", "solver_", "separation_",
    "Cs_", "alphas_", "l1_ratios_", "C_", "l1_ratio_", "alpha_", "alpha_1se_", "C_1se_",
    "scores_", "coefs_paths_",
)  # fmt: skip


class Export:
    """The methods of `LogisticRegression` that write it and read it."""

    def to_sklearn(self) -> Any:
        """The model as a fitted object of scikit-learn's, for tools that know only those.

        Returns
        -------
        sklearn.linear_model.LogisticRegression or sklearn.multiclass.OneVsRestClassifier
            With the same predictions, to rounding; the latter for many classes with
            ``multi_class='ovr'``. It can be cloned, pickled and, where skl2onnx is installed,
            written as ONNX. Its parameters are the nearest that scikit-learn has; offsets, bounds,
            penalty factors and ``standardize`` have none, so that a refit may give another model.

        Raises
        ------
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> from fastlogreg import LogisticRegression
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> LogisticRegression(C=10).fit(X, y).to_sklearn()
        LogisticRegression(C=10.0)
        """
        check_is_fitted(self)
        if self._one_vs_rest(self.classes_):
            return self._to_one_vs_rest()
        return self._fill(self._sklearn_model(), self.classes_, self.coef_, self.intercept_, 0)

    def to_json(self) -> str:
        """The model as text, from which `from_json` makes it again to the last bit.

        Returns
        -------
        str
            JSON: parameters and the fitted attributes of the class's documentation.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            A parameter is an object, such as a random state or a splitter, that JSON cannot hold.

        Examples
        --------
        >>> from fastlogreg import LogisticRegression
        >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
        >>> again = LogisticRegression.from_json(model.to_json())
        >>> bool(again.coef_ == model.coef_), again.certificate_.gap == model.certificate_.gap
        (True, True)
        """
        check_is_fitted(self)
        content: dict[str, Any] = {"class": type(self).__name__, "parameters": {}, "attributes": {}}
        for name, value in self.get_params(deep=False).items():
            try:
                content["parameters"][name] = document.encode(value)
            except TypeError as error:
                raise TypeError(f"parameter {name}: {error}; set it to None first") from None
        for name in _WRITTEN:
            if name in self.__dict__:
                content["attributes"][name] = document.encode(self.__dict__[name])
        if "firth_" in self.__dict__:
            content["attributes"]["firth_"] = document.encode(to_record(self.firth_))
        content["given"] = list(self._given)
        return document.write(_KIND, _FORMAT_NUMBER, content)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The fitted model that `to_json` wrote.

        Parameters
        ----------
        text : str
            What `to_json` returned, of this class.

        Returns
        -------
        LogisticRegression
            An object of the class that this is called on.

        Raises
        ------
        ValueError
            The text is no such document, or of another class, or of a format that this version
            does not know.
        """
        content = document.read(text, _KIND, _FORMAT_NUMBER, "`to_json`")
        if content.get("class") != cls.__name__:
            raise ValueError(f"the text is of a {content.get('class')}, not of a {cls.__name__}")
        try:
            parameters = {k: document.decode(v) for k, v in content["parameters"].items()}
            attributes = {k: document.decode(v) for k, v in content["attributes"].items()}
            firth = attributes.pop("firth_", None)
            model = cls(**parameters)
            model._given = Given(*content["given"])
            coef, intercept = attributes["coef_"], attributes["intercept_"]
            n_rows = 1 if len(attributes["classes_"]) == 2 else len(attributes["classes_"])
            if coef.shape != (n_rows, attributes["n_features_in_"]) or len(intercept) != n_rows:
                raise ValueError("its coefficients do not fit its classes and columns")
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a damaged estimator file ({error!r})") from None
        unknown = attributes.keys() - set(_WRITTEN)
        if unknown:
            raise ValueError(f"a damaged estimator file (what is {min(unknown)!r}?)")
        vars(model).update(attributes)
        if firth is not None:
            model.firth_ = from_record(firth)
        return model

    def _sklearn_model(self):
        """An unfitted object of scikit-learn's class with the parameters that it has, too."""
        # not from sklearn.linear_model, where patch_sklearn puts our class
        from sklearn.linear_model._logistic import LogisticRegression

        total, ratio = self._given.total_weight, self._l1_ratio()
        alpha = self._alpha(total)
        C = float(np.ravel(getattr(self, "C_", getattr(self, "C", 1.0)))[0])
        if not np.isclose(C * alpha * total, 1.0):
            C = 1.0 / (alpha * total) if alpha else np.inf
        return LogisticRegression(
            C=C,
            l1_ratio=ratio if np.inf > C else 0.0,
            solver="saga" if ratio and np.inf > C else "lbfgs",
            tol=self.tol,
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            max_iter=max(self.max_iter, 1),
        )

    def _fill(self, model, classes, coef, intercept, k):
        """Give scikit-learn's model what a fit would have given it."""
        model.classes_, model.coef_, model.intercept_ = classes, coef.copy(), intercept.copy()
        model.n_features_in_ = self.n_features_in_
        n_iter = np.ravel(self.n_iter_)
        model.n_iter_ = np.array([n_iter[min(k, len(n_iter) - 1)]], dtype=np.int32)
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_
        return model

    def _to_one_vs_rest(self):
        """scikit-learn's meta-estimator over one model a class."""
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.preprocessing import LabelBinarizer

        whole = OneVsRestClassifier(self._sklearn_model())
        whole.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(self.classes_)
        whole.classes_ = whole.label_binarizer_.classes_
        whole.estimators_ = [
            self._fill(
                self._sklearn_model(), np.array([0, 1]), self.coef_[[k]], self.intercept_[[k]], k
            )
            for k in range(len(self.classes_))
        ]
        whole.n_features_in_ = self.n_features_in_
        if hasattr(self, "feature_names_in_"):
            whole.feature_names_in_ = self.feature_names_in_
        return whole
