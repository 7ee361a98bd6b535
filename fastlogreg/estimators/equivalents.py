"""The same model in other libraries: for a fitted estimator, the calls that give its coefficients.

Every call is written with the user's own names: ``X``, ``y`` and, where the fit had them,
``sample_weight``, ``offset``, ``penalty_factor``, ``lower`` and ``upper``, an array each.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastlogreg.estimators.columns import column_factors

_WIDTH = 92
_SHORT = 10  # arrays up to this length are written out
_WRITTEN_OUT = 60  # numbers that differ from the usual one; arrays with more are the user's own


class Given(NamedTuple):
    """What a fit was given beside X, y and parameters.

    ``total_weight`` includes the class weights; ``weighted`` says whether rows had weights of their
    own, ``offset`` whether there was one.
    """

    total_weight: float
    weighted: bool
    offset: bool


class Equivalents(str):
    """Text with a block for each library; shows itself unquoted at the prompt.

    Attributes
    ----------
    calls : dict
        Lines of code by library, those that can fit the model.
    missing : dict
        Why the others cannot, by library.
    """

    __slots__ = ("calls", "missing")

    def __new__(cls, text, calls, missing):
        """Join the text with its parts."""
        self = super().__new__(cls, text)
        self.calls, self.missing = calls, missing
        return self

    def __getnewargs__(self):
        return str(self), self.calls, self.missing

    def __repr__(self):
        return str(self)


def equivalents(estimator):
    """Text with the calls that give a fitted estimator's model in other libraries.

    Parameters
    ----------
    estimator : LogisticRegression
        Fitted.

    Returns
    -------
    Equivalents
        A str to print: one block of code a library, or one line that says why it cannot.
    """
    model = _Model.of(estimator)
    calls, missing = {}, {}
    for library, write in _WRITERS.items():
        if library == "R glm" and model.alpha:
            continue  # it is for models without a penalty
        try:
            calls[library] = "\n".join(write(model))
        except _CannotError as reason:
            missing[library] = str(reason)
    blocks = [str(model)]
    blocks += [f"# {library}\n{code}" for library, code in calls.items()]
    blocks += ["\n".join(f"# {library} cannot: {why}" for library, why in missing.items())]
    return Equivalents("\n\n".join(block for block in blocks if block), calls, missing)


class _CannotError(Exception):
    """A library has no such model; the text says what is missing."""


@dataclass(frozen=True)
class _Model:
    """An estimator's model without redundancy: a factor that all columns share is in alpha.

    ``factor``, ``lower`` and ``upper`` are arrays (p,), or None where there is nothing to say.
    """

    alpha: float
    l1_ratio: float
    factor: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    standardize: bool
    intercept: bool
    p: int
    total: float
    weighted: bool
    offset: bool
    soft: bool
    class_weight: dict | str | None
    labels: list

    @classmethod
    def of(cls, estimator):
        check_is_fitted(estimator)
        if not hasattr(estimator, "certificate_"):
            raise ValueError(
                "with refit=False the coefficients are means over the folds, which no single fit "
                "has; use refit=True."
            )
        given, p = estimator._given, estimator.n_features_in_
        names = getattr(estimator, "feature_names_in_", None)
        factor = column_factors(estimator.penalty_factor, names, p)
        if hasattr(estimator, "alpha_"):  # chosen by cross-validation
            alpha, l1_ratio = estimator.alpha_, float(np.ravel(estimator.l1_ratio_)[0])
        else:
            alpha, l1_ratio = estimator._alpha(given.total_weight), estimator._l1_ratio()
        if factor is not None and (factor == factor[0]).all():
            alpha, factor = alpha * float(factor[0]), None
        penalty = estimator.certificate_.penalty
        lower, upper = (np.broadcast_to(side, p) for side in (penalty.lower, penalty.upper))
        class_weight = estimator.class_weight
        if isinstance(class_weight, dict):
            class_weight = {_plain(label): float(w) for label, w in class_weight.items()}
        return cls(
            alpha=alpha,
            l1_ratio=l1_ratio if alpha else 0.0,
            factor=factor if alpha else None,
            lower=lower if np.isfinite(lower).any() else None,
            upper=upper if np.isfinite(upper).any() else None,
            standardize=bool(estimator.standardize and alpha),
            intercept=bool(estimator.fit_intercept),
            p=p,
            total=given.total_weight,
            weighted=given.weighted,
            offset=given.offset,
            soft=estimator.certificate_.positive_class is None,
            class_weight=class_weight,
            labels=[_plain(label) for label in estimator.classes_],
        )

    @property
    def bounded(self):
        return self.lower is not None or self.upper is not None

    @property
    def any_weight(self):
        return self.weighted or self.class_weight is not None

    @property
    def inverse_penalty(self):
        """C of scikit-learn and LIBLINEAR, for sums of losses."""
        return _neat(1.0 / (self.alpha * self.total)) if self.alpha else np.inf

    def __str__(self):
        f = "" if self.factor is None else "f_j "
        b = "s_j b_j" if self.standardize else "b_j"
        l1, l2 = f"{f}|{b}|", f"{f}({b})^2/2" if self.standardize else f"{f}{b}^2/2"
        ratio = _neat(self.l1_ratio)
        inner = {0.0: l2, 1.0: l1}.get(ratio, f"({ratio!r} {l1} + {_neat(1 - ratio)!r} {l2})")
        text = "# Minimises the mean log loss"
        if self.alpha:
            text += f" + {_neat(self.alpha)!r} * sum_j {inner}"
        if self.factor is not None:
            text += "\n# with f_j = penalty_factor[j]"
        if self.standardize:
            text += "\n# with s_j = standard deviation of column j"
        if self.bounded:
            text += "\n# within bounds"
        return f"{text}. The same model elsewhere:"


# ------------------------------------------------------------------------------- writing code


def _plain(value):
    """A NumPy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _quoted(label):
    """A label in Python and R alike: texts in double quotes."""
    return json.dumps(label, ensure_ascii=False) if isinstance(label, str) else repr(label)


def _neat(value):
    """The float with the fewest digits within rounding of `value`."""
    return float(f"{value:.15g}")


def _call(name, *arguments):
    """``name(arguments)``, over several lines where one is too long; None is left out."""
    arguments = [argument for argument in arguments if argument is not None]
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    lines = [[]]
    for argument in arguments:
        if lines[-1] and len(", ".join([*lines[-1], argument])) + 5 > _WIDTH:
            lines.append([])
        lines[-1].append(argument)
    inner = ",\n    ".join(", ".join(line) for line in lines)
    return f"{name}(\n    {inner}\n)"


def _usual(values):
    """The commonest value of an array and the places of all others."""
    levels, counts = np.unique(values, return_counts=True)
    usual = levels[counts.argmax()]
    return float(usual), np.flatnonzero(values != usual)


def _python_array(name, values):
    """Lines that make an array of the user's under its own name."""
    if len(values) <= _SHORT:
        return [f"{name} = np.array([{', '.join(map(_python, values.tolist()))}])"]
    usual, others = _usual(values)
    if len(others) > _WRITTEN_OUT:
        return []
    lines = [f"{name} = np.full({len(values)}, {_python(usual)})"]
    if len(others):
        changed = ", ".join(_python(v) for v in values[others].tolist())
        lines += [_call(f"{name}[{others.tolist()}] = np.array", f"[{changed}]")]
    return lines


def _python(value):
    """A number in Python, infinities too."""
    return repr(_neat(value)) if np.isfinite(value) else f"{'-' if value < 0 else ''}np.inf"


def _r_array(name, values):
    """As `_python_array`, in R."""
    if len(values) <= _SHORT:
        return [f"{name} <- c({', '.join(map(_r, values.tolist()))})"]
    usual, others = _usual(values)
    if len(others) > _WRITTEN_OUT:
        return []
    lines = [f"{name} <- rep({_r(usual)}, {len(values)})"]
    if len(others):
        places = ", ".join(str(j + 1) for j in others)
        changed = ", ".join(_r(v) for v in values[others].tolist())
        lines += [_call(f"{name}[c({places})] <- c", changed)]
    return lines


def _r(value):
    """A number or a label in R."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and not np.isfinite(value):
        return "-Inf" if value < 0 else "Inf"
    return _quoted(value)


def _python_target(m):
    """The targets as numbers: an expression in y."""
    if m.soft:
        return "y[:, 1]"
    return "y" if m.labels == [0, 1] else f"1.0 * (y == {_quoted(m.labels[1])})"


def _r_target(m):
    if m.soft:
        return "y[, 2]"
    return "y" if m.labels == [0, 1] else f"as.numeric(y == {_r(m.labels[1])})"


def _python_weight(m):
    """Lines before the call, and the name of the rows' weights (None without any).

    The weights of the classes are multiplied in.
    """
    if m.class_weight is None:
        return [], "sample_weight" if m.weighted else None
    lines, factors = _class_factors(m, _python_share(m), "share = ")
    product = f"np.where(y == {_quoted(m.labels[1])}, {factors[1]}, {factors[0]})"
    if m.weighted:
        product = f"sample_weight * {product}"
    return [*lines, f"weight = {product}"], "weight"


def _python_share(m):
    positive = f"y == {_quoted(m.labels[1])}"
    if m.weighted:
        return f"np.average({positive}, weights=sample_weight)"
    return f"np.mean({positive})"


def _r_weight(m):
    if m.class_weight is None:
        return [], "sample_weight" if m.weighted else None
    positive = f"y == {_r(m.labels[1])}"
    weights = ", sample_weight" if m.weighted else ""
    mean = "weighted.mean" if m.weighted else "mean"
    lines, factors = _class_factors(m, f"{mean}({positive}{weights})", "share <- ")
    product = f"ifelse({positive}, {factors[1]}, {factors[0]})"
    if m.weighted:
        product = f"sample_weight * {product}"
    return [*lines, f"weight <- {product}"], "weight"


def _class_weight(m):
    if isinstance(m.class_weight, str):
        return _quoted(m.class_weight)
    pairs = (f"{_quoted(label)}: {weight!r}" for label, weight in m.class_weight.items())
    return f"{{{', '.join(pairs)}}}"


def _class_factors(m, share, assign):
    """Lines before, and the two classes' weights as code."""
    if m.class_weight == "balanced":
        return [f"{assign}{share}"], ("0.5 / (1 - share)", "0.5 / share")
    return [], tuple(repr(_neat(m.class_weight.get(label, 1.0))) for label in m.labels)


def _scaled_columns(m, by_factor):
    """Lines that make ``scale``, by which columns are divided, and the name of X then.

    A penalty on coefficients times s is the plain one for columns divided by s. `by_factor`: a
    library without penalty factors has them by the same means, for a pure penalty.
    """
    if not m.standardize and not by_factor:
        return [], "X"
    lines = []
    if m.standardize:
        weighing, weight = _python_weight(m)
        if m.soft:
            weight = "sample_weight" if m.weighted else None
        rows = "X" if weight is None else f"X, sample_weight={weight}"
        lines += ["from sklearn.preprocessing import StandardScaler", *weighing]
        lines += [f"scale = StandardScaler(with_mean=False).fit({rows}).scale_"]
    if by_factor:
        power = "penalty_factor" if m.l1_ratio else "np.sqrt(penalty_factor)"
        lines += _python_array("penalty_factor", m.factor)
        lines += [f"scale = scale * {power}" if m.standardize else f"scale = {power}"]
    return lines, "X / scale"


def _with_numpy(lines):
    """The lines, after an import of NumPy where they need one."""
    return (["import numpy as np"] if any("np." in line for line in lines) else []) + lines


# ------------------------------------------------------------------------------- the libraries


def _scikit_learn(m):
    if m.bounded:
        raise _CannotError("its LogisticRegression has no bounds.")
    if m.offset:
        raise _CannotError("its LogisticRegression has no offset.")
    if m.factor is not None:
        if (m.factor == 0).any():
            raise _CannotError("it penalises every coefficient; here some have the factor 0.")
        if 0 < m.l1_ratio < 1:
            raise _CannotError(
                "it has no penalty factors; scaling the columns gives them for pure L1 or L2 only."
            )
    lines, X = _scaled_columns(m, by_factor=m.factor is not None)
    settings = [f"C={m.inverse_penalty!r}" if m.alpha else "C=np.inf"]
    if m.l1_ratio:  # its liblinear would penalise the intercept
        settings += [f"l1_ratio={_neat(m.l1_ratio)!r}", 'solver="saga"', "tol=1e-10"]
        settings += ["max_iter=100_000"]
    elif m.p <= 2_000:
        settings += ['solver="newton-cholesky"', "tol=1e-10"]
    else:
        settings += ['solver="lbfgs"', "tol=1e-10", "max_iter=100_000"]
    if not m.intercept:
        settings += ["fit_intercept=False"]
    if m.class_weight is not None:
        settings += [f"class_weight={_class_weight(m)}"]
    y, weight = "y", "sample_weight" if m.weighted else None
    if m.soft:  # every row once a class
        lines += ["rows = np.tile(np.arange(X.shape[0]), 2)"]
        X, y = X.replace("X", "X[rows]"), "np.repeat([0, 1], X.shape[0])"
        weight = 'y.ravel("F")' + (" * sample_weight[rows]" if m.weighted else "")
    weight = None if weight is None else f"sample_weight={weight}"
    divided = " / scale" if X.endswith("scale") else ""
    return _with_numpy(
        [
            "from sklearn.linear_model import LogisticRegression",
            *lines,
            _call("model = LogisticRegression", *settings),
            _call("model.fit", X, y, weight),
            f"coef, intercept = model.coef_[0]{divided}, float(np.ravel(model.intercept_)[0])",
        ]
    )


def _glmnet(m):
    if m.p < 2:
        raise _CannotError("it wants at least two columns.")
    if m.bounded and ((m.lower is not None and m.lower.max() > 0) or
                      (m.upper is not None and m.upper.min() < 0)):  # fmt: skip
        raise _CannotError("0 must lie within its limits; here it does not.")
    lines, weight = _r_weight(m)
    alpha = m.alpha
    if m.factor is not None:  # glmnet scales the factors to the mean 1
        alpha *= m.factor.mean()
        lines += _r_array("penalty_factor", m.factor)
    for name in ("lower", "upper"):
        if getattr(m, name) is not None:
            lines += _r_array(name, getattr(m, name))
    return [
        "library(glmnet)",
        *lines,
        _call(
            "fit <- glmnet",
            "X",
            "y" if m.soft else _r_target(m),
            'family = "binomial"',
            f"alpha = {_neat(m.l1_ratio)!r}",
            f"lambda = {_neat(alpha)!r}",
            f"standardize = {'TRUE' if m.standardize else 'FALSE'}",
            None if m.intercept else "intercept = FALSE",
            weight and f"weights = {weight}",
            "offset = offset" if m.offset else None,
            None if m.factor is None else "penalty.factor = penalty_factor",
            None if m.lower is None else "lower.limits = lower",
            None if m.upper is None else "upper.limits = upper",
            "thresh = 1e-14",
            "maxit = 1e6",
        ),
        "coef(fit)",
    ]


def _r_glm(m):
    if m.bounded:
        raise _CannotError("it has no bounds.")
    lines, weight = _r_weight(m)
    return [
        *lines,
        _call(
            "fit <- glm",
            f"{_r_target(m)} ~ X" + ("" if m.intercept else " - 1"),
            "family = quasibinomial()",
            weight and f"weights = {weight}",
            "offset = offset" if m.offset else None,
            "control = list(epsilon = 1e-14, maxit = 100)",
        ),
        "coef(fit)",
    ]


def _statsmodels(m):
    if m.bounded:
        raise _CannotError("it has no bounds.")
    weighing, weight = _python_weight(m)
    scaling, X = _scaled_columns(m, by_factor=False)
    divided = " / scale" if m.standardize else ""
    # Logit has no weights and no L2, and is wrong for soft targets
    logit = weight is None and not m.soft and (m.l1_ratio == 1 or not m.alpha)
    model = _call(
        f"model = sm.{'Logit' if logit else 'GLM'}",
        _python_target(m),
        f'sm.add_constant({X}, has_constant="add")' if m.intercept else X,
        None if logit else "family=sm.families.Binomial()",
        None if weight is None else f"freq_weights={weight}",
        "offset=offset" if m.offset else None,
    )
    if m.alpha:
        fit = _statsmodels_penalty(m, logit)
    else:
        fit = [f"result = model.fit({'tol=1e-12, disp=False' if logit else 'tol=1e-14'})"]
    parts = f"result.params[1:]{divided}, result.params[0]"
    if not m.intercept:
        parts = f"result.params{divided}, 0.0"
    return _with_numpy(
        ["import statsmodels.api as sm", *(scaling or weighing), model, *fit,
         f"coef, intercept = {parts}"]
    )  # fmt: skip


def _statsmodels_penalty(m, logit):
    """Lines that make ``alpha``, one number a column and 0 for the constant, and fit with it."""
    strength = _neat(m.alpha * m.total) if logit else _neat(m.alpha)
    per_row = ""
    if not logit and m.any_weight:  # it divides the weighted loss by the number of rows
        strength, per_row = _neat(m.alpha * m.total), " / X.shape[0]"
    if m.factor is not None:
        lines = _python_array("penalty_factor", m.factor)
        factor = "np.append(0.0, penalty_factor)" if m.intercept else "penalty_factor"
        lines += [f"alpha = {strength!r}{per_row} * {factor}"]
    else:
        lines = [f"alpha = np.full({m.p + m.intercept}, {strength!r}{per_row})"]
        lines += ["alpha[0] = 0.0"] * m.intercept
    if m.l1_ratio == 1:
        options = 'acc=1e-12, trim_mode="off", maxiter=10_000'
        if logit:
            options += ", disp=False"
        else:
            lines += ["# from statsmodels 0.15 on"]
            options = f'method="l1_slsqp", {options}'
    elif m.l1_ratio:
        lines += ["# its coordinate descent keeps at 0 what was 0 once, so the result may differ"]
        options = f"L1_wt={_neat(m.l1_ratio)!r}, cnvrg_tol=1e-12, maxiter=10_000"
    else:
        lines += ["# to about four digits: it stops at gradients of 1e-5"]
        options = "L1_wt=0"
    return [*lines, _call("result = model.fit_regularized", "alpha=alpha", options)]


def _glum(m):
    lines, weight = _python_weight(m)
    if m.factor is not None:
        lines += _python_array("penalty_factor", m.factor)
    for name in ("lower", "upper"):
        if getattr(m, name) is not None:
            lines += _python_array(name, getattr(m, name))
    has_factor = m.factor is not None
    return _with_numpy(
        [
            "from glum import GeneralizedLinearRegressor",
            *lines,
            _call(
                "model = GeneralizedLinearRegressor",
                'family="binomial"',
                f"alpha={_neat(m.alpha)!r}",
                f"l1_ratio={_neat(m.l1_ratio)!r}",
                "P1=penalty_factor" if has_factor and m.l1_ratio > 0 else None,
                "P2=penalty_factor" if has_factor and m.l1_ratio < 1 else None,
                "scale_predictors=True" if m.standardize else None,
                None if m.lower is None else "lower_bounds=lower",
                None if m.upper is None else "upper_bounds=upper",
                None if m.intercept else "fit_intercept=False",
                "gradient_tol=1e-10",
                "max_iter=1000",
            ),
            _call(
                "model.fit",
                "X",
                _python_target(m),
                None if weight is None else f"sample_weight={weight}",
                "offset=offset" if m.offset else None,
            ),
            "coef, intercept = model.coef_, model.intercept_",
        ]
    )


def _liblinear(m):
    if not m.alpha:
        raise _CannotError("it always has a penalty.")
    if m.bounded:
        raise _CannotError("it has no bounds.")
    if m.offset:
        raise _CannotError("it has no offset.")
    if 0 < m.l1_ratio < 1:
        raise _CannotError("it has L1 or L2, not both at once.")
    if m.factor is not None or m.standardize:
        raise _CannotError("it penalises all coefficients alike, in the units of X.")
    if m.weighted or m.soft:
        raise _CannotError("weights of rows are in a separate version of it only.")
    options = f"-s {6 if m.l1_ratio else 0} -c {m.inverse_penalty!r} -e 1e-8 -q"
    if m.intercept:  # -R: not penalised
        options += " -B 1 -R"
    lines, prefix = [], ""
    if m.class_weight is not None:
        lines, (negative, positive) = _class_factors(m, _python_share(m), "share = ")
        if m.class_weight == "balanced":
            prefix, negative, positive = "f", f"{{{negative}}}", f"{{{positive}}}"
        options += f" -w0 {negative} -w1 {positive}"
    return _with_numpy(
        [
            "from liblinear.liblinearutil import train",
            *lines,
            _call("model = train", _python_target(m), "X", f'{prefix}"{options}"'),
            "coef, intercept = model.get_decfun(model.get_labels().index(1))",
        ]
    )


_WRITERS = {
    "scikit-learn": _scikit_learn,
    "R glmnet": _glmnet,
    "R glm": _r_glm,
    "statsmodels": _statsmodels,
    "glum": _glum,
    "LIBLINEAR": _liblinear,
}
