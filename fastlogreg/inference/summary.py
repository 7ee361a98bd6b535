"""An inference to be read: its notes, its table, and both as text and as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg.table import Table, number

if TYPE_CHECKING:
    import pandas as pd


class Summary:
    """A summary to be printed, or shown in a notebook.

    Attributes
    ----------
    head : list of (str, str)
        What the fit is: figures with their names.
    table : Table
        One row a parameter.
    notes : tuple of str
        What has to be known to read the table.
    """

    def __init__(self, title, head, table, notes):
        self.title, self.head, self.table, self.notes = title, head, table, notes

    def __str__(self):
        left, right = self.head[0::2], self.head[1::2] + [("", "")]
        lines = [self.title]
        for (a, b), (c, d) in zip(left, right, strict=False):
            lines.append(f"{a + ':':<20}{b:>14}   {c + ':' if c else '':<20}{d:>14}".rstrip())
        lines += ["", str(self.table), *(f"* {note}" for note in self.notes)]
        return "\n".join(lines)

    __repr__ = __str__

    def as_text(self):
        """The summary as text, under statsmodels' name."""
        return str(self)

    def as_html(self):
        """The summary as HTML, under statsmodels' name."""
        return self._repr_html_()

    def _repr_html_(self):
        head = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in self.head
        )
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return (
            f"<h4>{html.escape(self.title)}</h4><table>{head}</table>"
            f"{self.table._repr_html_()}{f'<ul>{notes}</ul>' if notes else ''}"
        )


class Reading:
    """What an `Inference` says of itself."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known to read the figures, a tuple of texts."""
        notes = []
        infinite = [n for n, s in zip(self.param_names, self._maximum.infinity, strict=True) if s]
        if infinite:
            remedy = "; lr_test and conf_int(method='profile') do"
            if self.weights == "sampling":
                remedy = ", and under sampling weights no other test is valid"
            notes.append(
                f"the classes are separated: {', '.join(infinite)} infinite. A Wald test says "
                f"nothing about these{remedy}"
            )
        lost = self._free & ~self._maximum.estimated & (self._maximum.infinity == 0)
        if lost.any():
            names = [n for n, s in zip(self.param_names, lost, strict=True) if s]
            notes.append(f"{', '.join(names)} nan: the classes are separated for any sign of these")
        for alias in self.aliases:
            notes.append(f"aliased, nan: {alias.text(self.names)}")
        if self.weights == "sampling":
            notes.append("sampling weights: the log-likelihood is a pseudo-likelihood")
        if self.penalised:
            notes.append(f"no standard errors: {self.penalised.reason}")
        return tuple(notes)

    @property
    def title(self) -> str:
        """One line: what is modelled."""
        labels = [str(label) for label in self.classes[self._order]]
        if len(labels) == 2:
            return f"Logistic regression: log-odds of {labels[1]} against {labels[0]}"
        return f"Multinomial logistic regression: {', '.join(labels[1:])} against {labels[0]}"

    def summary(self, level: float = 0.95, *, method: str = "wald") -> Summary:
        """All at once, to print or to show in a notebook.

        Parameters
        ----------
        level : float, default=0.95
            Confidence of the intervals.
        method : {"wald", "profile", "bootstrap"}, default="wald"
            As in `conf_int`. Infinite parameters get their profile interval and a
            likelihood-ratio p-value in any case but under sampling weights.

        Returns
        -------
        Summary
            Printed as text; ``_repr_html_`` is HTML.
        """
        return summarise(self, level, method)

    def to_frame(self, level: float = 0.95, *, method: str = "wald") -> pd.DataFrame:
        """The table of `summary` as a pandas DataFrame, one row a parameter.

        Parameters
        ----------
        level : float, default=0.95
            Confidence of the intervals.
        method : {"wald", "profile", "bootstrap"}, default="wald"
            As in `conf_int`.

        Returns
        -------
        pandas.DataFrame
        """
        return coefficient_table(self, level, method).to_frame()

    def __repr__(self):
        return f"<Inference: {self.title}, {self.nobs:g} observations, {self.df} parameters>"

    def _repr_html_(self):
        return self.summary()._repr_html_()


def summarise(inference, level, method):
    """The `Summary` of an inference."""
    i = inference
    head = [
        ("Observations", f"{i.nobs:g}"),
        ("Log-likelihood", number(i.loglik)),
        ("Parameters", f"{i.df}"),
        ("Null log-lik.", number(i.loglik_null)),
        ("Residual df", f"{i.df_residual:g}"),
        ("Deviance", number(i.deviance)),
        ("Pseudo R2 (McF.)", number(i.pseudo_r2())),
    ]
    if not i.penalised:
        head.insert(6, ("Covariance", i.covariance))
    notes = list(i.notes)
    if i.weights == "sampling":
        head += [("Weights", i.weights)]
    elif not i.penalised:
        test = i.lr_test()
        head += [
            ("AIC", number(i.aic)), ("BIC", number(i.bic)),
            ("LR chi2 (df)", f"{number(test.statistic)} ({test.df})"),
            ("LR p", number(test.pvalue, "p")),
        ]  # fmt: skip
    if i.penalised and method != "bootstrap":
        table = Table(i.param_names, ("coef",), i.params.reshape(-1, 1))
        return Summary(i.title, head, table, notes)
    return Summary(i.title, head, coefficient_table(i, level, method), notes)


def coefficient_table(inference, level, method):
    """Estimates, errors, tests and intervals, one row a parameter."""
    i = inference
    estimates = i.params.reshape(-1)
    ends = i._ends(level, method)
    low, high = f"{50 - 50 * level:g}%", f"{50 + 50 * level:g}%"
    if i.penalised:
        columns = ("coef", low, high)
        return Table(i.param_names, columns, np.column_stack([estimates, ends]))
    pvalues = i.pvalues.reshape(-1).copy()
    columns = ("coef", "std err", "z", "P>|z|", low, high)
    values = [estimates, i.bse.reshape(-1), i.zvalues.reshape(-1), pvalues]
    infinite = np.isinf(estimates)
    if infinite.any() and i.weights == "frequency":
        of_lr = np.full(len(estimates), np.nan)  # a test that is valid where Wald's is not
        for j in np.flatnonzero(infinite):
            of_lr[j] = i._lr_of_parameter(j).pvalue
        return Table(
            i.param_names, (*columns[:4], "P>LR", low, high),
            np.column_stack([*values, of_lr, ends]),
        )  # fmt: skip
    return Table(i.param_names, columns, np.column_stack([*values, ends]))
