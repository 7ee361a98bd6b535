"""What `suggest` returns: terms that a model lacks, and the table that prints them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A square or product that the model lacks.

    Attributes
    ----------
    name : str
        ``x3^2`` or ``x0*x1``.
    columns : tuple of int
        The two columns of X that are multiplied, the same twice for a square.
    label : object
        Of many classes the one whose score lacks it; None for two classes.
    statistic : float
        Rao's score statistic, chi-square with one degree of freedom if the term is not needed.
    pvalue : float
        Adjusted p-value: that of the score times the number of candidates, at most 1.
    gain : float
        Log-likelihood that adding the term wins at least; inf for none that is finite.
    coef : float
        Coefficient at which it wins that; infinite if the term separates the class from the rest.

    References
    ----------
    Rao, "Large sample tests of statistical hypotheses", Proc. Cambridge Phil. Soc. 44 (1948).

    Examples
    --------
    >>> import fastlogreg
    >>> found = fastlogreg.suggest([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> found[0].name, found[0].columns, round(found[0].statistic, 3)
    ('x0*x1', (0, 1), 4.0)
    """

    name: str
    columns: tuple[int, int]
    label: object
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

    References
    ----------
    Rao, "Large sample tests of statistical hypotheses", Proc. Cambridge Phil. Soc. 44 (1948).

    Examples
    --------
    >>> import fastlogreg
    >>> found = fastlogreg.suggest([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> len(found), [item.separates for item in found]
    (1, [True])
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
        width = max(4, *(len(_titled(item)) for item in self.found))
        lines.append(f"  {'term':{width}}  {'chi2':>9}  {'p adjusted':>10}  {'log-likelihood':>14}")
        for item in self.found:
            lines.append(
                f"  {_titled(item):{width}}  {item.statistic:9.4g}  {_p(item.pvalue):>10}  "
                f"{f'+{item.gain:.4g}':>14}"
            )
        apart = [_titled(item) for item in self.found if item.separates]
        if apart:
            lines.append(
                f"With {' or '.join(apart)} added the classes are separated: fit with a penalty."
            )
        return "\n".join(lines)

    __repr__ = __str__


def _titled(item):
    return item.name if item.label is None else f"{item.name} (class {item.label})"


def _p(value):
    return "<1e-99" if value < 1e-99 else f"{value:.2g}"
