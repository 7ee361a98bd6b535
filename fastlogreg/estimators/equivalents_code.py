"""Code in Python and R as text: what the lines for all libraries are made of."""

import json

import numpy as np

WIDTH = 92
SHORT = 10  # arrays up to this length are written out
WRITTEN_OUT = 60  # numbers that differ from the usual one; arrays with more are the user's own


class CannotError(Exception):
    """A library has no such model; the text says what is missing."""


def quoted(label):
    """A label in Python and R alike: texts in double quotes."""
    return json.dumps(label, ensure_ascii=False) if isinstance(label, str) else repr(label)


def neat(value):
    """The float with the fewest digits within rounding of `value`."""
    return float(f"{value:.15g}")


def call(name, *arguments):
    """``name(arguments)``, over several lines where one is too long; None is left out."""
    arguments = [argument for argument in arguments if argument is not None]
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    lines = [[]]
    for argument in arguments:
        if lines[-1] and len(", ".join([*lines[-1], argument])) + 5 > WIDTH:
            lines.append([])
        lines[-1].append(argument)
    inner = ",\n    ".join(", ".join(line) for line in lines)
    return f"{name}(\n    {inner}\n)"


def usual(values):
    """The commonest value of an array and the places of all others."""
    levels, counts = np.unique(values, return_counts=True)
    usual = levels[counts.argmax()]
    return float(usual), np.flatnonzero(values != usual)


def python_array(name, values):
    """Lines that make an array of the user's under its own name."""
    if len(values) <= SHORT:
        return [f"{name} = np.array([{', '.join(map(python_value, values.tolist()))}])"]
    most, others = usual(values)
    if len(others) > WRITTEN_OUT:
        return []
    lines = [f"{name} = np.full({len(values)}, {python_value(most)})"]
    if len(others):
        changed = ", ".join(python_value(v) for v in values[others].tolist())
        lines += [call(f"{name}[{others.tolist()}] = np.array", f"[{changed}]")]
    return lines


def python_value(value):
    """A number in Python, infinities too."""
    return repr(neat(value)) if np.isfinite(value) else f"{'-' if value < 0 else ''}np.inf"


def r_array(name, values):
    """As `python_array`, in R."""
    if len(values) <= SHORT:
        return [f"{name} <- c({', '.join(map(r_value, values.tolist()))})"]
    most, others = usual(values)
    if len(others) > WRITTEN_OUT:
        return []
    lines = [f"{name} <- rep({r_value(most)}, {len(values)})"]
    if len(others):
        places = ", ".join(str(j + 1) for j in others)
        changed = ", ".join(r_value(v) for v in values[others].tolist())
        lines += [call(f"{name}[c({places})] <- c", changed)]
    return lines


def r_value(value):
    """A number or a label in R."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and not np.isfinite(value):
        return "-Inf" if value < 0 else "Inf"
    return quoted(value)


def python_target(m):
    """The targets as numbers: an expression in y."""
    if m.soft:
        return "y[:, 1]"
    return "y" if m.labels == [0, 1] else f"1.0 * (y == {quoted(m.labels[1])})"


def r_target(m):
    """As `python_target`, in R."""
    if m.soft:
        return "y[, 2]"
    return "y" if m.labels == [0, 1] else f"as.numeric(y == {r_value(m.labels[1])})"


def python_weight(m):
    """Lines before the call, and the name of the rows' weights (None without any).

    The weights of the classes are multiplied in.
    """
    if m.class_weight is None:
        return [], "sample_weight" if m.weighted else None
    lines, factors = class_factors(m, python_share(m), "share = ")
    product = f"np.where(y == {quoted(m.labels[1])}, {factors[1]}, {factors[0]})"
    if m.weighted:
        product = f"sample_weight * {product}"
    return [*lines, f"weight = {product}"], "weight"


def python_share(m):
    """The weight of the second class as a share: an expression."""
    positive = f"y == {quoted(m.labels[1])}"
    if m.weighted:
        return f"np.average({positive}, weights=sample_weight)"
    return f"np.mean({positive})"


def r_weight(m):
    """As `python_weight`, in R."""
    if m.class_weight is None:
        return [], "sample_weight" if m.weighted else None
    positive = f"y == {r_value(m.labels[1])}"
    weights = ", sample_weight" if m.weighted else ""
    mean = "weighted.mean" if m.weighted else "mean"
    lines, factors = class_factors(m, f"{mean}({positive}{weights})", "share <- ")
    product = f"ifelse({positive}, {factors[1]}, {factors[0]})"
    if m.weighted:
        product = f"sample_weight * {product}"
    return [*lines, f"weight <- {product}"], "weight"


def class_weight(m):
    """The argument of scikit-learn's that weighs classes."""
    if isinstance(m.class_weight, str):
        return quoted(m.class_weight)
    pairs = (f"{quoted(label)}: {weight!r}" for label, weight in m.class_weight.items())
    return f"{{{', '.join(pairs)}}}"


def class_factors(m, share, assign):
    """Lines before, and the two classes' weights as code."""
    if m.class_weight == "balanced":
        return [f"{assign}{share}"], ("0.5 / (1 - share)", "0.5 / share")
    return [], tuple(repr(neat(m.class_weight.get(label, 1.0))) for label in m.labels)


def scaled_columns(m, by_factor):
    """Lines that make ``scale``, by which columns are divided, and the name of X then.

    A penalty on coefficients times s is the plain one for columns divided by s. `by_factor`: a
    library without penalty factors has them by the same means, for a pure penalty.
    """
    if not m.standardize and not by_factor:
        return [], "X"
    lines = []
    if m.standardize:
        weighing, weight = python_weight(m)
        if m.soft:
            weight = "sample_weight" if m.weighted else None
        rows = "X" if weight is None else f"X, sample_weight={weight}"
        lines += ["from sklearn.preprocessing import StandardScaler", *weighing]
        lines += [f"scale = StandardScaler(with_mean=False).fit({rows}).scale_"]
    if by_factor:
        power = "penalty_factor" if m.l1_ratio else "np.sqrt(penalty_factor)"
        lines += python_array("penalty_factor", m.factor)
        lines += [f"scale = scale * {power}" if m.standardize else f"scale = {power}"]
    return lines, "X / scale"


def with_numpy(lines):
    """The lines, after an import of NumPy where they need one."""
    return (["import numpy as np"] if any("np." in line for line in lines) else []) + lines


def glmnet_call(m, target, family, lines, weight):
    """Lines of R that fit one value of lambda; ``family`` are the arguments that name the loss."""
    lines, alpha = list(lines), m.alpha
    if m.factor is not None:  # glmnet scales the factors to the mean 1
        alpha *= m.factor.mean()
        lines += r_array("penalty_factor", m.factor)
    for name in ("lower", "upper"):
        if getattr(m, name) is not None:
            lines += r_array(name, getattr(m, name))
    return [
        "library(glmnet)",
        *lines,
        call(
            "fit <- glmnet",
            "X",
            target,
            *family,
            f"alpha = {neat(m.l1_ratio)!r}",
            f"lambda = {neat(alpha)!r}",
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
