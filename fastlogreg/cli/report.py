"""What the command line prints about a model."""

import numpy as np

_SHOWN = 20  # coefficients
_CLASSES = 6  # and classes


def describe(model, *, seconds=None):
    """Print what a model is, how good it is and how exact its fit was."""
    summary, proof = model.summary, model.certificate
    counts = list(zip(model.classes, summary["class_rows"], strict=True))
    if len(counts) == 2:  # the class that is modelled first
        counts.reverse()
    shown = [f"{label} in {count:,}" for label, count in counts[:_CLASSES]]
    shown[0] += " rows"
    if len(counts) > _CLASSES:
        shown.append(f"and {len(counts) - _CLASSES:,} more classes")
    line("target", (f"{model.target}: " if model.target else "") + ", ".join(shown))
    if model.alpha:
        line("penalty", f"alpha/2 ||coef||^2, alpha = {model.alpha:.6g}; the intercept is free")
    else:
        line("penalty", "none")
    took = "" if seconds is None else f", {duration(seconds)}"
    line(
        "fit",
        f"{summary['solver']}: {summary['iterations']} iterations, "
        f"{summary['reads_of_the_data']:.3g} reads of the data{took}",
    )
    line("stopped", summary["stop_reason"])
    line("loss", f"{summary['loss']:.6g} (mean log loss)")
    usual, most = max(counts[::-1], key=lambda each: each[1])
    share = most / summary["rows"]
    line("accuracy", f"{summary['accuracy']:.4f} (always saying {usual}: {share:.4f})")
    line("certificate", certified(proof))


def certified(proof):
    """One line on how far above the optimum the objective can be."""
    objective = f"objective {proof['objective']:.12g}"
    if proof["gap"] is None or not np.isfinite(proof["gap"]):
        return f"{objective}; no bound on its distance from the optimum was proved"
    return (
        f"{objective}, at most {proof['gap']:.1e} above the optimum "
        f"(relative {proof['relative_gap']:.1e})"
    )


def print_coefficients(
    names, coef, intercept=None, *, classes=(), deviations=None, most=_SHOWN
):  # fmt: skip
    """Print coefficients, those first whose column's standard deviation moves the score most."""
    with np.errstate(invalid="ignore"):  # no coefficient times an overflown deviation
        effects = coef if deviations is None else coef * deviations
    many = coef.ndim == 2  # (K, p): a column a class, without effects
    sizes = np.abs(effects).max(axis=0) if many else np.abs(effects)
    order = np.argsort(-sizes, kind="stable")[:most]
    width = max([9, *(len(names[j]) for j in order)])
    heads = [_cut(label) for label in classes[:_CLASSES]] if many else ["coefficient"]
    heading = f"{'feature':{width}}" + "".join(f"  {head:>12}" for head in heads)
    print(heading if many or deviations is None else f"{heading}  {'per s.d.':>9}")
    for j in order:
        row = _row(names[j], coef[:_CLASSES, j] if many else [coef[j]], width)
        print(row if many or deviations is None else f"{row}  {effects[j]:9.4f}")
    if len(names) > len(order):
        print(f"... and {len(names) - len(order):,} more")
    if intercept is not None:
        print(_row("intercept", intercept[:_CLASSES] if many else [intercept], width))
    if many and len(classes) > _CLASSES:
        print(f"... and {len(classes) - _CLASSES:,} more classes")


def _row(name, values, width):
    return f"{name:{width}}" + "".join(f"  {value:12.6g}" for value in values)


def _cut(label):
    return label if len(label) <= 12 else f"{label[:11]}…"


def standard_deviations(X):
    """Standard deviation of each column, dense or sparse, without a copy of X."""
    with np.errstate(over="ignore"):
        if not hasattr(X, "tocsc"):
            return np.array([X[:, j].std() for j in range(X.shape[1])])
        mean = np.asarray(X.mean(axis=0)).ravel()
        mean_square = np.asarray(X.power(2).mean(axis=0)).ravel()
        return np.sqrt(np.maximum(mean_square - mean**2, 0.0))


def line(word, text):
    """Print one line of a report."""
    print(f"{word:12} {text}")


def duration(seconds):
    """Write a time in the unit that suits it."""
    if seconds < 1e-3:
        return f"{1e6 * seconds:.3g} us"
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
