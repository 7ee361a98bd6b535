"""What a logistic model lacks: the squares and products that its residuals ask for."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from fastlogreg import core, parallel
from fastlogreg import validation as valid
from fastlogreg.diagnostics.columns import column_names
from fastlogreg.diagnostics.score_tests import Columns, ScoreTests, tail_probability, tilt
from fastlogreg.objective import null_intercept
from fastlogreg.result import SEPARATED

MOST_COLUMNS = 2000
_SEPARATED = "It separates the classes already: there is nothing left to explain."
_NO_CANDIDATE = "No square or product adds anything to its columns."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A square or product that the model lacks.

    Attributes
    ----------
    name : str
        ``x3^2`` or ``x0*x1``.
    columns : tuple of int
        The two columns of X that are multiplied, the same twice for a square.
    statistic : float
        Rao's score statistic, chi-square with one degree of freedom if the term is not needed.
    pvalue : float
        Adjusted p-value: that of the score times the number of candidates, at most 1.
    gain : float
        Log-likelihood that adding the term wins at least; inf for none that is finite.
    coef : float
        Coefficient at which it wins that; infinite if the term separates the classes.
    """

    name: str
    columns: tuple[int, int]
    statistic: float
    pvalue: float
    gain: float
    coef: float

    @property
    def separates(self):
        """Whether the classes are separated once the term is added."""
        return bool(np.isinf(self.coef))


@dataclass(frozen=True, slots=True, repr=False)
class Suggestions:
    """What `suggest` found; a sequence of `Suggestion`, the strongest first.

    Attributes
    ----------
    found : tuple of Suggestion
        At most `top` terms, with an adjusted p-value of at most `level`.
    n_candidates : int
        How many terms the p-values are adjusted for: those that the present columns do not already
        contain (of more than 2,048, a bound on their number).
    level : float
        Bound on the probability of suggesting anything if nothing is missing.
    loglik, loglik_null : float
        Log-likelihood of the best straight line through the present columns, and of the classes'
        shares alone.
    accuracy, accuracy_null : float
        Weighted share of rows that these two predict; a tie counts half.
    n_rows : float
        Sum of the weights.
    note : str
        Why nothing could be tested; empty if something was.
    """

    found: tuple[Suggestion, ...]
    n_candidates: int
    level: float
    loglik: float
    loglik_null: float
    accuracy: float
    accuracy_null: float
    n_rows: float
    note: str = ""

    def __iter__(self):
        return iter(self.found)

    def __len__(self):
        return len(self.found)

    def __getitem__(self, index):
        return self.found[index]

    def __str__(self):
        mean, mean_null = -self.loglik / self.n_rows, -self.loglik_null / self.n_rows
        lines = [
            f"A straight line at its best: {self.accuracy:.1%} of the rows predicted (the largest "
            f"class alone {self.accuracy_null:.1%}),",
            f"mean log loss {mean:.4g} (the shares of the classes alone {mean_null:.4g}).",
        ]
        if self.note:
            return "\n".join([*lines, self.note])
        many = self.n_candidates != 1
        tested = f"{self.n_candidates:,} {'squares and products' if many else 'square or product'}"
        if not self.found:
            return "\n".join([*lines, f"Of {tested} none improves it beyond chance."])
        lines.append(f"Missing, of {tested} (chance of a false one {self.level:g}):")
        width = max(len(item.name) for item in self.found)
        width = max(width, 4)
        lines.append(f"  {'term':{width}}  {'chi2':>9}  {'p adjusted':>10}  {'log-likelihood':>14}")
        for item in self.found:
            lines.append(
                f"  {item.name:{width}}  {item.statistic:9.4g}  {_p(item.pvalue):>10}  "
                f"{f'+{item.gain:.4g}':>14}"
            )
        apart = [item.name for item in self.found if item.separates]
        if apart:
            lines.append(
                f"With {' or '.join(apart)} added the classes are separated: fit with a penalty."
            )
        return "\n".join(lines)

    __repr__ = __str__


def _p(value):
    return "<1e-99" if value < 1e-99 else f"{value:.2g}"


def suggest(
    X, y, coef=None, intercept=None, *, sample_weight=None, offset=None, fit_intercept=True,
    feature_names=None, level=0.05, top=10, n_threads=None,
):  # fmt: skip
    """Test every square and product of two columns that a logistic model lacks.

    The terms are tested against the present columns at their maximum likelihood, by one fit that
    starts at `coef`; no candidate is fitted. All ``p + p (p - 1) / 2`` score tests cost about as
    much as some tens of Newton steps.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data, at most 2,000 columns. Sparse X is made dense in blocks of rows.
    y : array-like of shape (n,)
        0/1, booleans, -1/+1, or probabilities in [0, 1].
    coef : array-like of shape (p,), default=None
        Coefficients of a fitted model, with any penalty; None for none.
    intercept : float, default=None
        Its intercept.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0, which count as repeated rows.
    offset : array-like of shape (n,), default=None
        Added to the scores.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    feature_names : sequence of str, default=None
        Names of the columns; None for those of a data frame, else x0, x1, ...
    level : float, default=0.05
        Largest adjusted p-value, above 0 and below 1. P-values are multiplied by the number of
        candidates (Bonferroni), so that data without such terms give nothing in all but a share
        `level` of cases.
    top : int, default=10
        Most terms to return.
    n_threads : int, default=None
        Threads.

    Returns
    -------
    Suggestions
        The terms by falling statistic, and what a straight line can do at its best. Printed, it is
        a table.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind, or X holds NaN or has too many columns.

    Notes
    -----
    A term that the present columns contain (the square of a column of two values) is no candidate.
    P-values are the saddle-point approximation to the distribution of the score, which rare classes
    make skew; chi-square where the term separates the classes. `gain` is the likelihood ratio along
    z~ and so a lower bound of what a refit wins. Candidates whose statistic is proved to be
    below the level are not computed; the bound is a random one (the same in every call) and
    passes over a significant term with a probability below 1e-6.

    References
    ----------
    C. R. Rao (1948), Large sample tests of statistical hypotheses, Proc. Cambridge Phil. Soc. 44.
    J. Neyman (1959), Optimal asymptotic tests of composite statistical hypotheses.
    D. Pregibon (1982), Score tests in GLIM with applications, Lecture Notes in Statistics 14.
    R. Dey et al. (2017), A fast and accurate algorithm to test for binary phenotypes, Am. J. Hum.
    Genet. 101 (the saddle-point approximation of Lugannani and Rice).

    Examples
    --------
    >>> import fastlogreg
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> fastlogreg.suggest(X, [0, 1, 1, 0])
    A straight line at its best: 50.0% of the rows predicted (the largest class alone 50.0%),
    mean log loss 0.6931 (the shares of the classes alone 0.6931).
    Missing, of 1 square or product (chance of a false one 0.05):
      term        chi2  p adjusted  log-likelihood
      x0*x1          4       0.046          +2.773
    With x0*x1 added the classes are separated: fit with a penalty.
    """
    level = valid.check_number(level, "level", 0.0, inclusive=False)
    if level >= 1.0:
        raise ValueError(f"level must be below 1, got {level:g}")
    valid.check_count(top, "top")
    valid.check_flag(fit_intercept, "fit_intercept")
    matrix, y, weight, offset = valid.check_problem(X, y, sample_weight, offset, fit_intercept)
    n, p = matrix.shape
    names = column_names(X, p, feature_names)
    if p > MOST_COLUMNS:
        raise ValueError(
            f"X has {p:,} columns, whose {p * (p + 1) // 2:,} squares and products are too many; "
            f"give at most {MOST_COLUMNS:,}, such as those that a lasso keeps"
        )
    start = None
    if coef is not None:
        start = valid.check_vector(coef, p, "coef"), 0.0
        if fit_intercept:
            start = start[0], valid.check_number(intercept or 0.0, "intercept", -1e300)
    fitted = core.fit(
        X, y, sample_weight=weight, offset=offset, fit_intercept=fit_intercept, start=start,
        tol=1e-12, n_threads=n_threads,
    )  # fmt: skip
    score = core.decision_function(
        X, fitted.coef, fitted.intercept, offset=offset, n_threads=n_threads
    ).astype(float)
    weight = np.ones(n) if weight is None else weight
    line = _line(score, y, weight)
    if fitted.stop_reason == SEPARATED:
        return Suggestions((), 0, level, **line, note=_SEPARATED)
    columns = Columns(X, (n, p), fit_intercept, parallel.resolve(n_threads))
    tests = ScoreTests(columns, score, y, weight)
    sober = _shrunk(score, y, weight, offset, fit_intercept, tests.rank)
    found = _strongest(tests, sober, names, level, int(top))
    note = "" if tests.n_candidates else _NO_CANDIDATE
    return Suggestions(found, tests.n_candidates, level, **line, note=note)


def _line(score, y, weight):
    """Log-likelihood and accuracy of the scores, and of the classes' shares alone."""
    total = float(weight.sum())
    share = float(weight @ y) / total
    null = np.full(len(y), null_intercept(y, weight, total))
    says = np.where(np.abs(score) <= 1e-9, 0.5, score > 0)  # at an optimum, to rounding
    right = weight @ np.where(y > 0.5, says, 1.0 - says) / total
    return {
        "loglik": -core.log_loss(y, score, weight) * total,
        "loglik_null": -core.log_loss(y, null, weight) * total,
        "accuracy": float(right),
        "accuracy_null": max(share, 1.0 - share),
        "n_rows": total,
    }


def _shrunk(score, y, weight, offset, fit_intercept, rank):
    """The scores less what they owe to chance, by van Houwelingen and le Cessie's factor.

    A fit of many columns to few rows is surer of itself than it should be, which makes the
    variance of a score test too small.
    """
    offset = np.zeros(len(y)) if offset is None else offset
    level = 0.0
    if fit_intercept:
        nothing = np.empty((len(y), 0))
        level = core.fit(nothing, y, sample_weight=weight, offset=offset).intercept
    null = offset + level
    better = core.log_loss(y, null, weight) - core.log_loss(y, score, weight)
    ratio, freedom = 2.0 * better * weight.sum(), rank - fit_intercept
    return null + max(0.0, 1.0 - freedom / ratio) * (score - null) if ratio > 0.0 else null


def _strongest(tests, sober, names, level, top):
    """The `top` strongest products whose adjusted p-value is at most `level`."""
    found = []
    for statistic, product in tests.ranked(level):
        if len(found) == top or statistic < tests.threshold(level):
            break
        direction = tests.beyond(product)
        total = float(tests.residual @ direction)
        chance = tail_probability(direction, sober, tests.weight, total)
        if chance is None:
            chance = float(chdtrc(1, statistic))
        adjusted = min(1.0, tests.n_candidates * chance)
        if adjusted <= level:
            i, j = int(tests.first[product]), int(tests.second[product])
            name = f"{names[i]}^2" if i == j else f"{names[i]}*{names[j]}"
            coef, gain, _ = tilt(direction, tests.score, tests.weight, total)
            found.append(Suggestion(name, (i, j), float(statistic), adjusted, gain, coef))
    return tuple(found)
