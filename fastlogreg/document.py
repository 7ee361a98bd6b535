"""Fitted models as JSON text that says what it is and reads back to the last bit."""

import json
import math
from dataclasses import fields
from fractions import Fraction

import numpy as np

from fastlogreg.certificate import Certificate
from fastlogreg.penalty import Penalty
from fastlogreg.recession.model import Model
from fastlogreg.recession.words import REST, Rest
from fastlogreg.separation import Separation

_RECORDS = {record.__name__: record for record in (Certificate, Penalty, Separation, Model)}


def write(kind, number, content, indent=None):
    """A document's text: its kind, the number of its format, then the content.

    Python writes a float with the digits that read back to the same bits. ValueError for infinite
    floats and NaN, which JSON lacks: see `encode`.
    """
    from fastlogreg import __version__

    head = {"kind": kind, "format": number, "fastlogreg_version": __version__}
    return json.dumps(head | content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def read(text, kind, number, writer):
    """The dict that `write` wrote; ValueError for another kind of text or another format.

    ``writer`` names, for the error, what writes such documents.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a {kind} file, which is JSON ({error})") from None
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise ValueError(f"not a {kind} file; {writer} writes one")
    if document.get("format") != number:
        raise ValueError(
            f"{kind} format {document.get('format')} was written by fastlogreg "
            f"{document.get('fastlogreg_version')}; this version reads format {number}"
        )
    return document


def encode(value):
    """A value as what JSON can hold and `decode` turns back into the same.

    JSON objects are tags: their keys say what the value was. TypeError for values of other kinds
    than numbers, texts, None, arrays, sparse matrices, certificates, verdicts on separation, and
    collections of these.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if type(value) is Fraction:
        return {"fraction": [value.numerator, value.denominator]}
    if isinstance(value, np.generic):
        return {"scalar": encode(value.item()), "dtype": value.dtype.str}
    if isinstance(value, np.ndarray):
        flat = [encode(item) for item in value.reshape(-1).tolist()]
        return {"array": flat, "shape": list(value.shape), "dtype": value.dtype.str}
    if type(value) is list:
        return [encode(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [encode(item) for item in value]}
    if type(value) is dict:
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if hasattr(value, "tocsr"):
        rows = value.tocsr()
        parts = [encode(part) for part in (rows.data, rows.indices, rows.indptr)]
        return {"csr": parts, "shape": list(rows.shape)}
    if type(value) is Rest:
        return {"rest": None}
    name = type(value).__name__
    if _RECORDS.get(name) is type(value):
        names = value._fields if isinstance(value, tuple) else [f.name for f in fields(value)]
        return {name: {field: encode(getattr(value, field)) for field in names}}
    raise TypeError(f"a {type(value).__qualname__} cannot be written as JSON: {value!r}")


def decode(value):
    """What `encode` was given; ValueError for what it does not write."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    try:
        return _decode_tagged(value)
    except (TypeError, KeyError, AttributeError, StopIteration, OverflowError) as error:
        raise ValueError(f"{str(value)[:60]!r} is no value of such a file ({error!r})") from None


def _decode_tagged(value):
    tag, content = next(iter(value.items()))
    if tag == "float":
        return float(content)
    if tag == "fraction":
        return Fraction(*content)
    if tag == "scalar":
        return np.dtype(value["dtype"]).type(decode(content))
    if tag == "array":
        array = np.empty(len(content), dtype=value["dtype"])
        array[:] = [decode(item) for item in content]
        return array.reshape(value["shape"])
    if tag == "tuple":
        return tuple(decode(item) for item in content)
    if tag == "dict":
        return {decode(key): decode(item) for key, item in content}
    if tag == "rest":
        return REST
    if tag == "csr":
        from scipy.sparse import csr_matrix

        return csr_matrix(tuple(decode(part) for part in content), shape=value["shape"])
    record = {field: decode(item) for field, item in content.items()}
    return _RECORDS[tag](**record)
