"""Calls that give a model of many classes, a function a library.

Those in Python leave ``coef`` (K, p) and ``intercept`` (K,), those in R what ``coef`` shows.
"""

from fastlogreg.estimators.equivalents_binary import refuse_beyond_liblinear
from fastlogreg.estimators.equivalents_code import (
    CannotError,
    call,
    class_weight,
    glmnet_call,
    neat,
    quoted,
    r_value,
    scaled_columns,
    with_numpy,
)


def _scikit_learn(m):
    """The lines of two classes, which are joint models here too, or one against the rest."""
    if m.bounded:
        raise CannotError("its LogisticRegression has no bounds.")
    if m.offset:
        raise CannotError("its LogisticRegression has no offset.")
    if m.grouped:
        raise CannotError("it has no penalty on a column's coefficients of all classes together.")
    if m.reference is not None and m.alpha:
        raise CannotError("it penalises the coefficients of every class; here one class has none.")
    if m.factor is not None and ((m.factor == 0).any() or 0 < m.l1_ratio < 1):
        raise CannotError("it has no penalty factors but by scaling, for pure L1 or L2.")
    if m.soft and m.apart:
        raise CannotError("its OneVsRestClassifier takes labels only.")
    if m.standardize and m.class_weight is not None:
        raise CannotError("it cannot weigh classes when it scales the columns.")
    if m.apart and m.weighted:
        raise CannotError("its OneVsRestClassifier takes weights by metadata routing only.")
    lines, X = scaled_columns(m, by_factor=m.factor is not None)
    settings = [f"C={m.inverse_penalty!r}" if m.alpha else "C=np.inf"]
    if m.l1_ratio:
        settings += [f"l1_ratio={neat(m.l1_ratio)!r}", 'solver="saga"']
    elif m.alpha and m.p * len(m.labels) <= 2_000:
        settings += ['solver="newton-cholesky"']
    settings += ["tol=1e-10", "max_iter=100_000"]
    if not m.intercept:
        settings += ["fit_intercept=False"]
    if m.class_weight is not None and not (m.apart and m.class_weight != "balanced"):
        settings += [f"class_weight={class_weight(m)}"]
    elif m.class_weight is not None:
        raise CannotError("its OneVsRestClassifier weighs a class and its rest only.")
    y, weight = "y", "sample_weight" if m.weighted else None
    if m.soft:  # every row once a class
        lines += [f"rows = np.tile(np.arange(X.shape[0]), {len(m.labels)})"]
        X, y = X.replace("X", "X[rows]"), f"np.repeat(np.arange({len(m.labels)}), X.shape[0])"
        weight = 'y.ravel("F")' + (" * sample_weight[rows]" if m.weighted else "")
    weight = None if weight is None else f"sample_weight={weight}"
    scaled = " / scale" if X.endswith("scale") else ""
    imports = ["from sklearn.linear_model import LogisticRegression"]
    if m.apart:
        imports += ["from sklearn.multiclass import OneVsRestClassifier"]
        lines += [
            call("one = LogisticRegression", *settings),
            call("models = OneVsRestClassifier(one).fit", X, y) + ".estimators_",
            f"coef = np.vstack([model.coef_ for model in models]){scaled}",
            "intercept = np.array([np.ravel(model.intercept_)[0] for model in models])",
        ]
        return with_numpy(imports + lines)
    lines += [
        call("model = LogisticRegression", *settings),
        call("model.fit", X, y, weight),
        f"coef, intercept = model.coef_{scaled}, model.intercept_",
    ]
    return with_numpy(imports + lines + _shift(m))


def _shift(m):
    """Lines that give the class of reference zeros; without one the rows sum to zero anyway."""
    if m.reference is None:
        return []
    k = m.labels.index(m.reference)
    return [f"coef, intercept = coef - coef[{k}], intercept - intercept[{k}]"]


def _glmnet(m):
    if m.apart:
        raise CannotError("its models of many classes are joint; fit it class by class.")
    if m.p < 2:
        raise CannotError("it wants at least two columns.")
    if m.reference is not None:
        raise CannotError("it has coefficients for every class; here one class has none.")
    if m.bounded:
        sides = [side for side in (m.lower, m.upper) if side is not None]
        if any(side.ndim == 2 for side in sides):
            raise CannotError("its limits are the same for all classes.")
        if any((side > 0).any() if side is m.lower else (side < 0).any() for side in sides):
            raise CannotError("0 must lie within its limits; here it does not.")
    target = "y" if m.soft else f"factor(y, levels = c({', '.join(map(r_value, m.labels))}))"
    grouped = 'type.multinomial = "grouped"' if m.grouped else None
    return glmnet_call(m, target, ['family = "multinomial"', grouped], *r_weight(m))


def r_weight(m):
    """Lines before the call, and the name of the rows' weights (None without any)."""
    if m.class_weight is None:
        return [], "sample_weight" if m.weighted else None
    own = "sample_weight * " if m.weighted else ""
    if m.class_weight == "balanced":
        each = "sample_weight" if m.weighted else "rep(1, length(y))"
        lines = [f"of_class <- tapply({each}, y, sum)"]
        factor = f"sum(of_class) / ({len(m.labels)} * of_class)"
        return [*lines, f"weight <- {own}as.numeric(({factor})[as.character(y)])"], "weight"
    pairs = (f"{quoted(str(k))} = {neat(m.class_weight.get(k, 1.0))!r}" for k in m.labels)
    names = f"c({', '.join(pairs)})"
    return [f"weight <- {own}as.numeric({names}[as.character(y)])"], "weight"


def _nnet(m):
    if m.apart:
        raise CannotError("its models of many classes are joint.")
    if m.bounded:
        raise CannotError("it has no bounds.")
    lines, weight = r_weight(m)
    first = m.labels[0] if m.reference is None else m.reference
    order = [first, *(label for label in m.labels if label != first)]
    y = f"factor(y, levels = c({', '.join(map(r_value, order))}))"
    lines = ["library(nnet)", *lines]
    if m.soft:
        y = "y" if first == 0 else f"y[, c({', '.join(str(label + 1) for label in order)})]"
    # the user's names stand in the formula's environment
    formula = f"{y} ~ X" + ("" if m.intercept else " - 1")
    return [
        *lines,
        f"# relative to the class {quoted(first)}",
        call(
            "fit <- multinom",
            formula + (" + offset(offset)" if m.offset else ""),
            weight and f"weights = {weight}",
            "reltol = 1e-14",
            "abstol = 1e-14",
            "maxit = 10000",
            "MaxNWts = 1e6",
            "trace = FALSE",
        ),
        "coef(fit)",
    ]


def _statsmodels(m):
    if m.apart:
        raise CannotError("its models of many classes are joint; fit Logit class by class.")
    if m.alpha:
        raise CannotError("its MNLogit has no such penalty.")
    if m.bounded:
        raise CannotError("its MNLogit has no bounds.")
    if m.offset or m.any_weight or m.soft:
        raise CannotError("its MNLogit has no weights, no offset and no probabilities as targets.")
    X = 'sm.add_constant(X, has_constant="add")' if m.intercept else "X"
    slopes = "result.params[1:].T, result.params[0]" if m.intercept else "result.params.T, 0.0"
    lines = [
        "import statsmodels.api as sm",
        "codes = np.unique(y, return_inverse=True)[1]",
        f"model = sm.MNLogit(codes, {X})",
        'result = model.fit(method="newton", tol=1e-12, disp=False)',
        f"slopes, heights = {slopes}  # relative to the first class",
        "coef = np.vstack([np.zeros(X.shape[1]), slopes])",
        f"intercept = np.append(0.0, heights * np.ones({len(m.labels) - 1}))",
    ]
    if m.reference is None:
        lines += ["coef, intercept = coef - coef.mean(axis=0), intercept - intercept.mean()"]
    return with_numpy(lines + _shift(m))


def _glum(m):
    raise CannotError("it has no model of more than two classes.")


def _liblinear(m):
    if not m.apart:
        raise CannotError("its models of many classes are one against the rest.")
    refuse_beyond_liblinear(m)
    if m.class_weight is not None:
        raise CannotError("it weighs a class and its rest only.")
    options = f"-s {6 if m.l1_ratio else 0} -c {m.inverse_penalty!r} -e 1e-8 -q"
    options += " -B 1 -R" if m.intercept else ""
    return [
        "import numpy as np",
        "from liblinear.liblinearutil import train",
        "classes, codes = np.unique(y, return_inverse=True)",
        call("model = train", "codes", "X", f'"{options}"'),
        "places = [model.get_labels().index(k) for k in range(len(classes))]",
        "parts = [model.get_decfun(place) for place in places]",
        "coef = np.array([part[0] for part in parts])",
        "intercept = np.array([part[1] for part in parts])",
    ]


CLASS_WRITERS = {
    "scikit-learn": _scikit_learn,
    "R glmnet": _glmnet,
    "R nnet": _nnet,
    "statsmodels": _statsmodels,
    "glum": _glum,
    "LIBLINEAR": _liblinear,
}
