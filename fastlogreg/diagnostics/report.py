"""What a diagnosis says: findings with their remedies, and the report that prints them."""

from dataclasses import dataclass, field

_SHOWN = 6  # names in a line
_LINES = 8  # findings of one kind that are printed


def listed(texts):
    """Some texts in a line, and how many more there are."""
    texts = list(texts)
    more = f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `doctor` found.

    Attributes
    ----------
    kind : str
        "separation", "collinear", ...; see `doctor`.
    text : str
        What was found, in a line.
    remedy : str
        What to do about it.
    columns : tuple of str
        Names of the columns concerned.
    rows : tuple of int
        Positions of the rows concerned, where these are few.
    figures : dict
        The numbers behind the text.

    References
    ----------
    Belsley, Kuh & Welsch, "Regression Diagnostics" (1980). Vittinghoff & McCulloch, "Relaxing the
    rule of ten events per variable in logistic and Cox regression", Am. J. Epidemiology 165 (2007).

    Examples
    --------
    >>> import fastlogreg
    >>> X = [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]]
    >>> finding = fastlogreg.doctor(X, [0, 1, 0, 1])[0]
    >>> finding.kind, finding.columns
    ('collinear', ('x1', 'x0'))
    """

    kind: str
    text: str
    remedy: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    figures: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.kind}: {self.text}\n    -> {self.remedy}"


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What `doctor` found; printed, it reads as help. A sequence of `Finding`, the gravest first.

    Attributes
    ----------
    findings : tuple of Finding
        Empty if nothing was found.
    n_rows, n_columns : int
        Size of X.
    n_used : int
        Rows that have a weight and no missing value; the other findings are about these.
    classes : dict
        Rows of each class among these.
    skipped : tuple of str
        What was not looked for, and why.

    References
    ----------
    Belsley, Kuh & Welsch, "Regression Diagnostics" (1980). Vittinghoff & McCulloch, "Relaxing the
    rule of ten events per variable in logistic and Cox regression", Am. J. Epidemiology 165 (2007).

    Examples
    --------
    >>> import fastlogreg
    >>> X = [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]]
    >>> report = fastlogreg.doctor(X, [0, 1, 0, 1])
    >>> report.n_rows, report.classes, [finding.kind for finding in report]
    (4, {0: 2, 1: 2}, ['collinear', 'rare class', 'rare class'])
    """

    findings: tuple[Finding, ...]
    n_rows: int
    n_columns: int
    n_used: int
    classes: dict
    skipped: tuple[str, ...] = ()

    def __iter__(self):
        return iter(self.findings)

    def __len__(self):
        return len(self.findings)

    def __getitem__(self, index):
        return self.findings[index]

    def of(self, kind):
        """The findings of a kind, as a tuple."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def __str__(self):
        classes = ", ".join(f"{label} ({count:,})" for label, count in self.classes.items())
        used = "" if self.n_used == self.n_rows else f" ({self.n_used:,} usable)"
        lines = [f"{self.n_rows:,} rows{used}, {self.n_columns:,} columns; classes {classes}"]
        printed = {}
        for finding in self.findings:
            count = printed[finding.kind] = printed.get(finding.kind, 0) + 1
            if count <= _LINES:
                lines.append(str(finding))
        for kind, count in printed.items():
            if count > _LINES:
                lines.append(f"{kind}: and {count - _LINES} more")
        if not self.findings:
            lines.append("Nothing stands in the way of a fit.")
        return "\n".join([*lines, *(f"not looked for: {text}" for text in self.skipped)])

    __repr__ = __str__
