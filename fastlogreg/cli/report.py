"""What the command line prints about a model."""

import numpy as np

_SHOWN = 20  # coefficients


def describe(model, *, seconds=None):
    """Print what a model is, how good it is and how exact its fit was."""
    summary, proof = model.summary, model.certificate
    negative, positive = model.classes
    rows, ones = summary["rows"], summary["positive_rows"]
    target = f"{model.target}: " if model.target else ""
    line("target", f"{target}{positive} in {ones:,} rows, {negative} in {rows - ones:,}")
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
    usual, share = (positive, ones / rows) if 2 * ones > rows else (negative, 1 - ones / rows)
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


def print_coefficients(names, coef, intercept=None, *, deviations=None, most=_SHOWN):
    """Print coefficients, those first whose column's standard deviation moves the score most."""
    with np.errstate(invalid="ignore"):  # no coefficient times an overflown deviation
        effects = coef if deviations is None else coef * deviations
    order = np.argsort(-np.abs(effects), kind="stable")[:most]
    width = max([9, *(len(names[j]) for j in order)])
    heading = f"{'feature':{width}}  {'coefficient':>12}"
    print(heading if deviations is None else f"{heading}  {'per s.d.':>9}")
    for j in order:
        row = f"{names[j]:{width}}  {coef[j]:12.6g}"
        print(row if deviations is None else f"{row}  {effects[j]:9.4f}")
    if len(coef) > len(order):
        print(f"... and {len(coef) - len(order):,} more")
    if intercept is not None:
        print(f"{'intercept':{width}}  {intercept:12.6g}")


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
