"""Tables from CSV, Parquet and libsvm files, for the command line.

A column holds numbers or texts, never both. Whatever cannot be used is a `FileError` of one line
that names the file, the column and the line.
"""

import csv
import math
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

FORMATS = ("csv", "libsvm", "parquet")

KEPT_MISSING = "(missing)"  # a text that is missing and kept
_MISSING = {"", "na", "n/a", "nan", "null"}
_CHUNK = 20_000  # rows of a CSV file that are held as Python texts at a time
_HEAD = 4096  # bytes from which the format is guessed
_LIBSVM_LINE = re.compile(r"\s*[-+.\w]+(\s+qid:\d+)?(\s+\d+:[-+.\w]+)*\s*(#.*)?")


class FileError(ValueError):
    """A file or a column cannot be used; the text is one line for the person who named it."""


@dataclass(frozen=True)
class Numbers:
    """A column of finite numbers, float64."""

    values: np.ndarray


@dataclass(frozen=True)
class Texts:
    """A column of texts: row i holds ``levels[codes[i]]``, and the levels are sorted."""

    codes: np.ndarray
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The columns of a file by name, and where in the file each row stands."""

    path: str
    columns: dict
    n_rows: int
    places: np.ndarray | None = None
    place_word: str = "line"

    def where(self, row):
        """Say where in the file a row stands."""
        return f"{self.place_word} {row + 1 if self.places is None else self.places[row]}"


def guess_format(path):
    """Tell from a file's first bytes whether it is "csv", "libsvm" or "parquet"."""
    with _opened(path, "rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        return "parquet"
    if b"\0" in head or head.startswith(b"\x1f\x8b"):
        raise FileError(f"{path}: neither text nor Parquet; CSV, libsvm and Parquet can be read")
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    if len(head) == _HEAD and lines:
        lines[-1] = lines[-1].rpartition(" ")[0]  # it may be cut
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if all(map(_LIBSVM_LINE.fullmatch, lines)) and any(":" in line for line in lines):
        return "libsvm"
    return "csv"


def read_table(
    path, file_format="csv", *, target=None, categorical=(), only=None, drop=(), keep_missing=False
):
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path : str
        The file.
    file_format : {"csv", "parquet"}
        Its format.
    target : str, optional
        A column that is read as texts whatever it holds; numbers are written in one way, so that
        ``1`` and ``1.0`` are the same label.
    categorical : collection of str
        Further columns that are read as texts whatever they hold.
    only : collection of str, optional
        The columns to read; all must be there.
    drop : collection of str
        Columns to leave out.
    keep_missing : bool
        Whether missing values are kept, but for the target: NaN among numbers, the text
        ``(missing)`` among texts. Infinite numbers are kept too. Otherwise all are refused.

    Returns
    -------
    Table
        The columns in the file's order.
    """
    reader = {"csv": _read_csv, "parquet": _read_parquet}[file_format]
    return reader(path, _Choice(path, target, set(categorical), only, set(drop), keep_missing))


def read_libsvm(path):
    """Labels and matrix (CSR, float64) of a libsvm file; column j of the matrix is index j."""
    from sklearn.datasets import load_svmlight_file

    with _opened(path, "rb") as file:
        try:
            matrix, labels = load_svmlight_file(file, zero_based=True)
        except (ValueError, OverflowError) as error:
            reason = " ".join(str(error).split())
            raise FileError(f"{path}: not in libsvm format ({reason})") from None
    if matrix.shape[0] == 0:
        raise FileError(f"{path}: holds no rows")
    bad = np.flatnonzero(~np.isfinite(matrix.data))
    if len(bad):
        row = np.searchsorted(matrix.indptr, bad[0], side="right")
        raise FileError(
            f"{path}: row {row} has the value {matrix.data[bad[0]]} at index "
            f"{matrix.indices[bad[0]]}; all values must be finite"
        )
    return _texts_of_numbers(labels), matrix


@dataclass(frozen=True)
class _Choice:
    """Which columns of a file are wanted, and which of them are texts."""

    path: str
    target: str | None
    categorical: set
    only: object
    drop: set
    keep_missing: bool

    def positions(self, header):
        """Check the header and return {position: name} of the columns to read."""
        seen = set()
        for place, name in enumerate(header):
            if name in seen:
                raise FileError(f"{self.path}: two columns are called {name!r}; rename one")
            if not name and f"column {place + 1}" not in self.drop and self.only is None:
                raise FileError(
                    f"{self.path}: column {place + 1} has no name in the header (a row index?); "
                    f'name it, or leave it out with --drop "column {place + 1}"'
                )
            seen.add(name or f"column {place + 1}")
        named = {*self.categorical, *self.drop, *(self.only or ())}
        for name in sorted(named | ({self.target} - {None})):
            if name not in seen:
                raise FileError(f"{self.path}: no column {name!r}; {_closest(name, header)}")
        wanted = seen - self.drop if self.only is None else {*self.only, self.target}
        return {j: name for j, name in enumerate(header) if name and name in wanted}


def _closest(name, header):
    import difflib

    match = difflib.get_close_matches(name, header, n=1)
    if match:
        return f"did you mean {match[0]!r}?"
    shown = ", ".join(repr(column) for column in header[:8])
    return f"its columns are {shown}" + (f", ... ({len(header)})" if len(header) > 8 else "")


def _missing(path, name, where):
    return FileError(
        f"{path}: column {name!r} has a missing value on {where}; fill it in, remove the row, or "
        f'leave the column out with --drop "{name}"'
    )


@contextmanager
def _opened(path, mode, **options):
    """Open a file; what the system says against it becomes a FileError."""
    try:
        with open(path, mode, **options) as file:
            yield file
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror or error})") from None


def _read_csv(path, choice):
    try:
        with _opened(path, "r", encoding="utf-8-sig", newline="") as file:
            first = next((line for line in file if line.strip()), "")
            outside_quotes = re.sub(r'"[^"]*"?', "", first)
            delimiter = max(",;\t", key=outside_quotes.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
            header = [name.strip() for name in next((row for row in reader if row), [])]
            if not header:
                raise FileError(f"{path}: is empty")
            if all(_number(name) is not None for name in header):
                raise FileError(
                    f"{path}: the first line holds only numbers; a CSV file must begin with a line "
                    "of column names"
                )
            columns = choice.positions(header)
            table = None
            if not choice.categorical:
                table = _all_numbers(path, delimiter, reader.line_num, header, columns, choice)
            return table or _read_rows(path, reader, header, columns, choice)
    except csv.Error as error:
        raise FileError(f"{path}: not a proper CSV file ({error})") from None
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: not UTF-8 text (byte {error.start}: {error.reason})") from None


def _all_numbers(path, delimiter, n_header_lines, header, columns, choice):
    """Read with NumPy's parser, ten times as fast, a file that holds nothing but finite numbers."""
    options = {"delimiter": delimiter, "skiprows": n_header_lines, "quotechar": '"'}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty file: the slow reader says so
        try:
            values = np.loadtxt(path, ndmin=2, comments=None, encoding="utf-8", **options)
        except ValueError:
            return None
    if values.shape[1] != len(header) or not len(values) or not np.isfinite(values).all():
        return None
    read = {
        name: _texts_of_numbers(values[:, j]) if name == choice.target else Numbers(values[:, j])
        for j, name in columns.items()
    }
    return Table(path, read, len(values))


def _read_rows(path, reader, header, columns, choice):
    """Read any CSV file, a chunk of rows at a time."""
    builders = {}
    lines = []
    rows = []

    def flush():
        fields = list(zip(*rows, strict=True)) if rows else []
        for j, name in columns.items():
            if fields and name not in builders:
                texts = name == choice.target or name in choice.categorical
                first = next((text for text in fields[j] if not _is_missing(text)), "0")
                texts = texts or _number(first) is None
                builders[name] = (_TextBuilder if texts else _NumberBuilder)(path, name, choice)
            if fields:
                builders[name].add(fields[j], lines[-len(rows) :])
        rows.clear()

    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise FileError(
                f"{path}: line {reader.line_num} has {len(row)} fields, the header {len(header)}"
            )
        rows.append(row)
        lines.append(reader.line_num)
        if len(rows) == _CHUNK:
            flush()
    flush()
    if not lines:
        raise FileError(f"{path}: holds a header and no rows")
    read = {name: builder.finish() for name, builder in builders.items()}
    return Table(path, read, len(lines), np.array(lines))


class _NumberBuilder:
    """Collects a column of numbers, chunk by chunk."""

    def __init__(self, path, name, choice):
        self.path, self.name, self.keep_missing = path, name, choice.keep_missing
        self.chunks = []

    def add(self, values, lines):
        if self.keep_missing:
            values = ["nan" if _is_missing(value) else value for value in values]
        try:
            chunk = np.array([float(value) for value in values])
        except ValueError:
            chunk = None
        if chunk is None or not (self.keep_missing or np.isfinite(chunk).all()):
            raise self._complaint(values, lines)
        self.chunks.append(chunk)

    def _complaint(self, values, lines):
        for value, line in zip(values, lines, strict=True):
            if _is_missing(value) and not self.keep_missing:
                return _missing(self.path, self.name, f"line {line}")
            if _number(value) is None and not _is_missing(value):
                return FileError(
                    f"{self.path}: column {self.name!r} holds numbers, but {value!r} on line "
                    f'{line}; mend it, or name the column in --categorical "{self.name}"'
                )
            if math.isinf(float(value)):
                break
        return FileError(
            f"{self.path}: column {self.name!r} has {value} on line {line}; "
            "all values must be finite"
        )

    def finish(self):
        return Numbers(np.concatenate(self.chunks))


class _TextBuilder:
    """Collects a column of texts, chunk by chunk."""

    def __init__(self, path, name, choice):
        self.path, self.name = path, name
        self.is_target = name == choice.target
        self.forced = self.is_target or name in choice.categorical
        self.keep_missing = choice.keep_missing and not self.is_target
        self.code_of = {}
        self.chunks = []

    def add(self, values, lines):
        new = dict.fromkeys(values)
        for value in new:
            if value in self.code_of:
                continue
            text = value.strip()
            if _is_missing(text) and not self.keep_missing:
                raise _missing(self.path, self.name, f"line {lines[values.index(value)]}")
            if not self.forced and _number(text) is not None:
                raise FileError(
                    f"{self.path}: column {self.name!r} holds texts, but the number {text} on line "
                    f"{lines[values.index(value)]}; mend it, or name the column in "
                    f'--categorical "{self.name}"'
                )
            self.code_of[value] = len(self.code_of)
        codes = map(self.code_of.__getitem__, values)
        self.chunks.append(np.fromiter(codes, dtype=np.int32, count=len(values)))

    def finish(self):
        texts = [KEPT_MISSING if _is_missing(text) else text.strip() for text in self.code_of]
        if self.is_target:
            texts = [_label(text) for text in texts]
        return _sorted_texts(texts, np.concatenate(self.chunks))


def _read_parquet(path, choice):
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise FileError(f"{path}: reading Parquet needs pyarrow (pip install pyarrow)") from None
    with _opened(path, "rb") as file:
        try:
            schema = pq.read_schema(file)
            columns = choice.positions(schema.names)
            data = pq.read_table(file, columns=list(columns.values()))
        except pa.ArrowException as error:
            reason = " ".join(str(error).split())
            raise FileError(f"{path}: not a proper Parquet file ({reason})") from None
    if not data.num_rows:
        raise FileError(f"{path}: holds no rows")
    read = {}
    for name in columns.values():
        forced = name == choice.target or name in choice.categorical
        kept = choice.keep_missing and name != choice.target
        column = _arrow_column(path, name, data[name].combine_chunks(), forced, kept)
        if name == choice.target:
            column = _sorted_texts([_label(level) for level in column.levels], column.codes)
        read[name] = column
    return Table(path, read, data.num_rows, place_word="row")


def _arrow_column(path, name, values, forced, keep_missing):
    import pyarrow as pa

    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    is_a = pa.types
    text = is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_string_view(kind)
    number = is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind)
    if not (text or number or is_a.is_boolean(kind)):
        raise FileError(
            f"{path}: column {name!r} holds {kind}; numbers, texts and booleans can be used: "
            f'leave it out with --drop "{name}"'
        )
    if values.null_count and not keep_missing:
        raise _missing(path, name, f"row {values.is_null().index(True).as_py() + 1}")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if text:
        coded = values.cast(pa.large_string()).fill_null(KEPT_MISSING).dictionary_encode()
        codes = np.asarray(coded.indices, dtype=np.int32)
        return _sorted_texts(coded.dictionary.to_pylist(), codes)
    values = values if number else values.cast(pa.uint8())
    numbers = np.asarray(values.cast(pa.float64()).fill_null(np.nan), dtype=float)
    if keep_missing and not forced:
        return Numbers(numbers)
    if np.isnan(numbers).any():
        raise _missing(path, name, f"row {np.flatnonzero(np.isnan(numbers))[0] + 1}")
    if np.isinf(numbers).any():
        row = np.flatnonzero(np.isinf(numbers))[0] + 1
        raise FileError(
            f"{path}: column {name!r} has {numbers[row - 1]} on row {row}; "
            "all values must be finite"
        )
    return _texts_of_numbers(numbers) if forced else Numbers(numbers)


def _number(text):
    """The number that a text writes, or None; "nan" and "inf" are no numbers here."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) or "inf" in text.casefold() else None


def _is_missing(text):
    return text.strip().casefold() in _MISSING


def _label(text):
    """Write a label that is a number in one way: 1, 1.0 and 01 are the same."""
    value = _number(text)
    if value is None or math.isinf(value):
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _texts_of_numbers(values):
    """A column of labels from one of numbers."""
    levels, codes = np.unique(values, return_inverse=True)
    return _sorted_texts([_label(repr(float(level))) for level in levels], codes)


def _sorted_texts(texts, codes):
    """A column of texts from codes into texts that may be unsorted or double."""
    numbers = [_number(text) for text in texts]
    if None in numbers:
        levels = sorted(set(texts))
    else:
        levels = sorted(set(texts), key=float)
    place = {level: code for code, level in enumerate(levels)}
    renumber = np.array([place[text] for text in texts], dtype=np.int32)
    return Texts(renumber[codes], tuple(levels))
