"""A small table of numbers with names: what the statistics hand out to be read."""

import html
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Table:
    """Rows and columns of numbers with names.

    Attributes
    ----------
    rows : tuple of str
        Names of the rows.
    columns : tuple of str
        Names of the columns.
    values : ndarray of shape (rows, columns)
        The numbers.

    Notes
    -----
    ``table["column"]`` is a column as an array; `to_frame` gives a pandas DataFrame; printing and
    notebooks show it whole.
    """

    rows: tuple
    columns: tuple
    values: np.ndarray

    def __getitem__(self, column):
        if column not in self.columns:
            raise KeyError(f"{column!r} is not one of the columns {self.columns}")
        return self.values[:, self.columns.index(column)]

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy is not False)

    def to_frame(self):
        """The table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.values, index=list(self.rows), columns=list(self.columns))

    def _cells(self):
        return [[number(value, column) for value, column in zip(row, self.columns, strict=True)]
                for row in self.values]  # fmt: skip

    def __str__(self):
        first = max([len(str(row)) for row in self.rows], default=0)
        cells = self._cells()
        width = [
            max([len(column), *(len(row[j]) for row in cells)])
            for j, column in enumerate(self.columns)
        ]
        lines = [" " * first + "".join(f"  {c:>{w}}" for c, w in zip(self.columns, width,
                                                                     strict=True))]  # fmt: skip
        for name, row in zip(self.rows, cells, strict=True):
            lines.append(
                f"{name!s:<{first}}" + "".join(f"  {c:>{w}}" for c, w in zip(row, width,
                                                                            strict=True))
            )  # fmt: skip
        return "\n".join(lines)

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        body = "".join(
            f"<tr><th>{html.escape(str(name))}</th>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
            + "</tr>"
            for name, row in zip(self.rows, self._cells(), strict=True)
        )
        return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def number(value, column=""):
    """A number as printed: p-values to three digits, infinities with their sign."""
    if np.isnan(value):
        return "" if column == "P>LR" else "nan"  # that test is made where Wald's says nothing
    if np.isinf(value):
        return "+inf" if value > 0 else "-inf"
    if column == "p" or column.startswith("P>"):
        return "<1e-4" if value < 1e-4 else f"{value:.4f}"
    usual = 1e-3 <= abs(value) < 1e5 or value == 0.0
    return f"{value + 0.0:.4f}" if usual else f"{value:.4g}"
