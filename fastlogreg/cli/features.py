"""Columns of a table to columns of a design matrix, the same way at fit and at prediction."""

from dataclasses import dataclass

import numpy as np

from fastlogreg.cli.tables import FileError, Texts

_MOST_LEVELS = 0.5  # a text column with more levels a row is a name, not a category
_DENSE_SHARE = 0.1  # below this share of non-zeros a row is stored sparsely


@dataclass(frozen=True)
class Feature:
    """A column as a model uses it: numbers (levels None), or texts with the levels of the fit.

    Texts give a column of zeros and ones a level, the first level left out.
    """

    name: str
    levels: tuple[str, ...] | None = None

    @property
    def column_names(self):
        """Names of its columns in the design matrix."""
        if self.levels is None:
            return [self.name]
        return [f"{self.name}={level}" for level in self.levels[1:]]


@dataclass(frozen=True)
class LibsvmFeatures:
    """Numbered features of a libsvm file."""

    first_index: int
    count: int

    @property
    def column_names(self):
        """The indices as texts."""
        return [str(j) for j in range(self.first_index, self.first_index + self.count)]


def features_of(table, *, leave_out=(), categorical=()):
    """Make features of all columns of a table but those named in `leave_out`."""
    features = []
    for name, column in table.columns.items():
        if name in leave_out:
            continue
        levels = column.levels if isinstance(column, Texts) else None
        features.append(Feature(name, levels))
        too_many = levels and len(levels) > max(20, _MOST_LEVELS * table.n_rows)
        if too_many and name not in categorical:
            raise FileError(
                f"{table.path}: column {name!r} holds {len(levels)} different texts in "
                f'{table.n_rows} rows; leave it out with --drop "{name}", or name it in '
                f'--categorical "{name}"'
            )
    seen = set()
    for feature in features:
        for name in feature.column_names:
            if name in seen:
                raise FileError(f"{table.path}: two features would be called {name!r}; rename one")
            seen.add(name)
    return tuple(features)


def design_matrix(table, features):
    """Build X of the features from a table: a dense array, or CSR where it is mostly zeros."""
    widths = [len(feature.column_names) for feature in features]
    p = sum(widths)
    if len(features) < _DENSE_SHARE * p:
        from scipy import sparse

        blocks = [_sparse_block(table, feature) for feature in features]
        return sparse.hstack(blocks, format="csr")
    X = np.zeros((table.n_rows, p))
    start = 0
    for feature, width in zip(features, widths, strict=True):
        if feature.levels is None:
            X[:, start] = _numbers(table, feature)
        else:
            codes = _codes(table, feature)
            rows = np.flatnonzero(codes)
            X[rows, start + codes[rows] - 1] = 1.0
        start += width
    return X


def _sparse_block(table, feature):
    from scipy import sparse

    if feature.levels is None:
        return sparse.csr_array(_numbers(table, feature)[:, None])
    codes = _codes(table, feature)
    columns = codes[codes > 0] - 1
    starts = np.concatenate([[0], np.cumsum(codes > 0)])
    shape = (table.n_rows, len(feature.column_names))
    return sparse.csr_array((np.ones(len(columns)), columns, starts), shape=shape)


def _numbers(table, feature):
    column = table.columns[feature.name]
    if isinstance(column, Texts):
        raise FileError(
            f"{table.path}: column {feature.name!r} holds texts such as {column.levels[0]!r}; "
            "the model was fitted to numbers"
        )
    return column.values


def _codes(table, feature):
    """Codes of a text column in the feature's levels, which may differ from the table's."""
    column = table.columns[feature.name]
    place = {level: code for code, level in enumerate(feature.levels)}
    codes = np.array([place.get(level, -1) for level in column.levels])[column.codes]
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        shown = ", ".join(repr(level) for level in feature.levels[:5])
        shown += ", ..." if len(feature.levels) > 5 else ""
        row = unknown[0]
        raise FileError(
            f"{table.path}: column {feature.name!r} has {column.levels[column.codes[row]]!r} "
            f"on {table.where(row)}, which the fit did not see (it saw {shown})"
        )
    return codes
