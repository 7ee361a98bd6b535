"""What the estimator accepts, and that it refuses the rest in scikit-learn's words."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.linear_model
from sklearn.exceptions import DataConversionWarning, NotFittedError

from fastlogreg import LogisticRegression
from fastlogreg.estimators.labels import encode_two_labels

RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] + RNG.logistic(size=60) > 0).astype(int)
SPARSE = np.where(np.abs(X) > 0.4, X, 0.0)


def wide_indices(matrix):
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    return matrix


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


MATRICES = {
    "fortran": np.asfortranarray(X),
    "strided": np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": np.ascontiguousarray(X[::-1])[::-1],
    "read-only": read_only(X),
    "list": X.tolist(),
    "long double": X.astype(np.longdouble),
    "object": X.astype(object),
    "big-endian": X.astype(">f8"),
    "frame": pd.DataFrame(X, columns=["a", "b", "c"]),
    "frame, numbered": pd.DataFrame(X),
    "frame, columns apart": pd.DataFrame({k: X[:, j].copy() for j, k in enumerate("abc")}),
    "frame, nullable": pd.DataFrame(X, columns=["a", "b", "c"]).astype("Float64"),
    "matrix of a subclass": X.view(type("Subclass", (np.ndarray,), {})),
}


@pytest.mark.parametrize("name", MATRICES)
def test_any_container_gives_the_same_model(name):
    expected = LogisticRegression().fit(X, Y)
    model = LogisticRegression().fit(MATRICES[name], Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
    scores = model.decision_function(MATRICES[name])
    np.testing.assert_allclose(scores, expected.decision_function(X), rtol=1e-8)


@pytest.mark.parametrize("container", ["csr", "csc", "coo", "lil", "bsr"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("indices", ["int32", "int64"])
def test_sparse_gives_the_model_of_dense(container, kind, indices):
    matrix = getattr(scipy.sparse, f"{container}_{kind}")(SPARSE)
    if indices == "int64" and container in ("csr", "csc"):
        matrix = wide_indices(matrix)
    expected = LogisticRegression(tol=1e-7).fit(SPARSE, Y)
    model = LogisticRegression(tol=1e-7).fit(matrix, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6)
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(
            getattr(model, method)(matrix), getattr(expected, method)(SPARSE), rtol=1e-5
        )
    np.testing.assert_array_equal(model.predict(matrix), expected.predict(SPARSE))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.float16, bool])
def test_other_numbers_become_double(dtype):
    numbers = (X * 4).astype(dtype)
    model = LogisticRegression().fit(numbers, Y)
    assert model.coef_.dtype == np.float64
    np.testing.assert_array_equal(
        model.predict_proba(numbers), model.predict_proba(numbers.astype(float))
    )


# --------------------------------------------------------------------------------- labels

LABELS = {
    "bool": np.array([False, True]),
    "int8": np.array([-1, 1], dtype=np.int8),
    "swapped": np.array([7, -7]),
    "uint64": np.array([0, 2**63], dtype=np.uint64),
    "float32": np.array([1.0, 2.0], dtype=np.float32),
    "float64": np.array([1e300, -3.0]),
    "strings": np.array(["yes", "no"]),
    "string objects": np.array(["b", "a much longer one"], dtype=object),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("container", ["array", "list", "series", "column", "strided"])
def test_labels_of_any_kind(name, container):
    labels = LABELS[name][Y]
    y = {
        "array": labels,
        "list": labels.tolist(),
        "series": pd.Series(labels, index=range(100, 160)),
        "column": labels[:, None],
        "strided": np.repeat(labels, 2)[::2],
    }[container]
    if container == "column":
        with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
            model = LogisticRegression().fit(X, y)
    else:
        model = LogisticRegression().fit(X, y)
    expected = np.unique(np.asarray(labels.tolist() if container == "list" else labels))
    np.testing.assert_array_equal(model.classes_, expected)
    if container != "list" and (name, container) != ("strings", "series"):  # pandas has objects
        assert model.classes_.dtype == labels.dtype
    assert set(model.predict(X)) == set(expected)
    numbers = LogisticRegression().fit(X, (labels == expected[1]).astype(int))
    np.testing.assert_array_equal(model.coef_, numbers.coef_)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("first", [0, 1])
def test_encoding_is_that_of_unique(name, first):
    labels = LABELS[name][np.r_[first, RNG.integers(0, 2, 1000), 0, 1]]
    classes, codes = encode_two_labels(labels)
    expected, inverse = np.unique(labels, return_inverse=True)
    np.testing.assert_array_equal(classes, expected)
    np.testing.assert_array_equal(codes, inverse)
    assert classes.dtype == labels.dtype
    assert codes.dtype == np.uint8


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2], [1, 1, 1], [0.5, 1.5], [0.0, np.nan], [np.nan, np.nan], [np.nan, 1.0],
        [0.0, np.inf], [-np.inf, np.inf], [1j, 2j], np.array(["a", None], dtype=object),
        np.array([0, 1], dtype=object), np.array(["a", 1], dtype=object), [b"a", b"b"], [],
    ],
    ids=str,
)  # fmt: skip
def test_encoding_leaves_the_unusual_alone(labels):
    assert encode_two_labels(np.asarray(labels)) is None


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series([1, 0, 1, 0], dtype="Int64"),
        pd.Series([True, False] * 2, dtype="boolean"),
        pd.Series(["b", "a"] * 2, dtype="category"),
        pd.Series(["b", "a"] * 2, dtype="string"),
        pd.Series(["b", "a"] * 2),
        np.array(["2020-01-01", "2021-01-01"] * 2, dtype="M8[D]"),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_classes_are_theirs(labels):
    rows = X[:4]
    ours = LogisticRegression().fit(rows, labels).classes_
    theirs = sklearn.linear_model.LogisticRegression().fit(rows, labels).classes_
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


# --------------------------------------------------------------------------------- names


def test_feature_names_come_and_go():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LogisticRegression().fit(frame, Y)
    assert model.feature_names_in_.dtype == object
    np.testing.assert_array_equal(model.feature_names_in_, ["a", "b", "c"])
    assert not hasattr(model.fit(X, Y), "feature_names_in_")


@pytest.mark.parametrize("other", ["renamed", "reordered", "fewer", "more"])
def test_wrong_feature_names_raise_their_error(other):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame_seen = {
        "renamed": frame.rename(columns={"a": "z"}),
        "reordered": frame[["b", "a", "c"]],
        "fewer": frame[["a", "b"]],
        "more": frame.assign(d=1.0),
    }[other]
    assert_same_error(lambda model: model.fit(frame, Y).predict(frame_seen))


def test_missing_feature_names_warn_as_theirs_do():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LogisticRegression().fit(frame, Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Logistic"):
        model.predict(X)
    with pytest.warns(UserWarning, match="X has feature names, but LogisticRegression was fit"):
        model.fit(X, Y).predict_proba(frame)


# --------------------------------------------------------------------------------- errors


def raised(action, model):
    with pytest.raises((ValueError, TypeError)) as info:
        action(model)
    return info.value


def assert_same_error(action):
    ours = raised(action, LogisticRegression())
    theirs = raised(action, sklearn.linear_model.LogisticRegression())
    assert str(ours) == str(theirs)
    assert isinstance(ours, type(theirs))


def with_value(value, container=np.asarray):
    broken = X.copy()
    broken[17, 1] = value
    return container(broken)


BAD_FITS = {
    "nan": (with_value(np.nan), Y),
    "inf": (with_value(np.inf), Y),
    "minus inf": (with_value(-np.inf), Y),
    "nan, float32": (with_value(np.nan).astype(np.float32), Y),
    "nan, fortran": (with_value(np.nan, np.asfortranarray), Y),
    "nan, list": (with_value(np.nan).tolist(), Y),
    "nan, frame": (with_value(np.nan, pd.DataFrame), Y),
    "nan, named frame": (pd.DataFrame(with_value(np.nan), columns=["a", "b", "c"]), Y),
    "missing, nullable frame": (pd.DataFrame(with_value(np.nan)).astype("Float64"), Y),
    "nan, csr": (with_value(np.nan, scipy.sparse.csr_array), Y),
    "inf, csc": (with_value(np.inf, scipy.sparse.csc_array), Y),
    "one dimension": (X[:, 0], Y),
    "three dimensions": (X[:, :, None], Y),
    "a number": (3.0, Y),
    "complex": (X + 1j, Y),
    "strings": (np.full((60, 3), "a"), Y),
    "objects": (np.full((60, 3), {}, dtype=object), Y),
    "no rows": (X[:0], Y[:0]),
    "no columns": (X[:, :0], Y),
    "ragged": ([[1.0, 2.0], [3.0]], [0, 1]),
    "mixed names": (pd.DataFrame(X, columns=["a", 1, "c"]), Y),
    "fewer labels": (X, Y[:-1]),
    "no labels": (X, None),
    "labels of one class": (X, np.ones(60)),
    "text labels of one class": (X, np.full(60, "a")),
    "one row": (X[:1], Y[:1]),
    "nan label": (X, np.where(Y == 0, np.nan, 1.0)),
    "infinite label": (X, np.where(Y == 0, np.inf, 1.0)),
    "fractions as labels": (X, Y + 0.5),
    "continuous labels": (X, X[:, 0]),
    "complex labels": (X, Y + 1j),
    "missing labels": (X, pd.Series(np.where(Y == 0, "a", None))),
    "missing, nullable labels": (X, pd.Series(Y, dtype="Int64").where(Y == 0)),
    "missing, nullable truths": (X, pd.Series(Y == 1, dtype="boolean").where(Y == 0)),
    "numbers as objects": (X, Y.astype(object)),
    "mixed labels": (X, np.where(Y == 0, "a", None)),
    "byte labels": (X, np.where(Y == 0, b"a", b"b")),
    "sparse labels": (X, scipy.sparse.csr_array(Y[:, None])),
}


@pytest.mark.parametrize("name", BAD_FITS)
def test_bad_data_raise_their_error(name):
    assert_same_error(lambda model: model.fit(*BAD_FITS[name]))


@pytest.mark.parametrize(
    "weight",
    [
        np.ones(59),
        np.ones((60, 1)),
        np.full(60, np.nan),
        np.r_[np.inf, np.ones(59)],
        np.full(60, 1j),
        ["a"] * 60,
    ],
    ids=["short", "column", "nan", "inf", "complex", "text"],
)
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_bad_weights_raise_their_error(weight, class_weight):
    # theirs looks at weights itself only where there are class weights too
    ours = raised(
        lambda model: model.set_params(class_weight=class_weight).fit(X, Y, weight),
        LogisticRegression(),
    )
    theirs = raised(
        lambda model: model.fit(X, Y, weight),
        sklearn.linear_model.LogisticRegression(class_weight="balanced"),
    )
    assert str(ours) == str(theirs)


def test_negative_weights_are_refused():
    weight = np.r_[-1e-9, np.ones(59)]
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        LogisticRegression().fit(X, Y, weight)
    with pytest.raises(ValueError, match="class_weight must not be negative"):
        LogisticRegression(class_weight={0: -1}).fit(X, Y)


def test_weights_that_leave_nothing():
    with pytest.raises(ValueError, match="must contain at least one non-zero number"):
        LogisticRegression().fit(X, Y, np.zeros(60))
    for left in (0, 1):
        with pytest.raises(ValueError, match=rf"above zero contain only one class: .*{left}"):
            LogisticRegression().fit(X, Y, (left == Y).astype(float))
        with pytest.raises(ValueError, match=rf"above zero contain only one class: .*{left}"):
            LogisticRegression(class_weight={1 - left: 0}).fit(X, Y)
    with pytest.raises(ValueError, match="class_weight leaves no class with a weight"):
        LogisticRegression(class_weight={0: 0, 1: 0}).fit(X, Y)


def test_unknown_class_in_class_weight_raises_their_error():
    def fit(model):
        model.set_params(class_weight={0: 1.0, 5: 2.0}).fit(X, Y)

    assert_same_error(fit)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool, list])
def test_weights_of_other_kinds(dtype):
    weight = (np.arange(60) % 3 > 0).astype(float)
    given = weight.tolist() if dtype is list else weight.astype(dtype)
    expected = LogisticRegression().fit(X, Y, weight)
    np.testing.assert_allclose(LogisticRegression().fit(X, Y, given).coef_, expected.coef_)
    rows = weight > 0
    np.testing.assert_allclose(
        LogisticRegression().fit(X[rows], Y[rows]).coef_, expected.coef_, rtol=1e-6
    )


def test_weights_of_many_rows_are_summed_exactly():
    """More rows than one block of the sums; class weights are those of scikit-learn."""
    n = 70_001
    rng = np.random.default_rng(0)
    matrix, y, weight = rng.normal(size=(n, 2)), rng.integers(0, 2, n), rng.integers(0, 3, n)
    model = LogisticRegression(class_weight="balanced").fit(matrix, y, weight.astype(float))
    assert model.certificate_.penalty.l2 == pytest.approx(1 / weight.sum(), rel=1e-12)
    with pytest.raises(ValueError, match="only one class"):
        LogisticRegression().fit(matrix, y, y.astype(float))


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("name", ["nan", "named frame with nan", "one dimension", "no labels"])
def test_errors_change_nothing(name, fitted):
    bad = {
        **BAD_FITS,
        "named frame with nan": (pd.DataFrame(with_value(np.nan), columns=["a", "b", "c"]), Y),
    }[name]
    model = LogisticRegression(C=0.7)
    if fitted:
        model.fit(pd.DataFrame(X[:, :2], columns=["v", "w"]), Y)
    before = dict(vars(model))
    raised(lambda model: model.fit(*bad), model)
    after = vars(model)
    assert after.keys() == before.keys()
    assert all(after[key] is before[key] for key in before)


METHODS = ["decision_function", "predict", "predict_proba", "predict_log_proba"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [n for n in BAD_FITS if BAD_FITS[n][1] is Y])
def test_bad_data_raise_their_error_when_scored(name, method):
    broken = BAD_FITS[name][0]
    with_names = isinstance(broken, pd.DataFrame) and name == "nan, named frame"
    train = pd.DataFrame(X, columns=["a", "b", "c"]) if with_names else X
    assert_same_error(lambda model: getattr(model.fit(train, Y), method)(broken))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("coef", [1.0, 0.0, -1.0])
def test_values_that_are_not_finite_never_pass(method, value, coef):
    model = LogisticRegression().fit(X, Y)
    model.coef_[:] = coef
    for rows in (slice(None), slice(17, 18)):
        with (
            np.errstate(invalid="ignore"),
            pytest.raises(ValueError, match="Input X contains (NaN|infinity)"),
        ):
            getattr(model, method)(with_value(value)[rows])


@pytest.mark.parametrize("method", METHODS)
def test_scores_that_overflow_are_not_bad_data(method):
    model = LogisticRegression().fit(X, Y)
    model.coef_[:] = 1e200
    out = getattr(model, method)(np.full((2, 3), 1e100))
    assert out[0].tolist() in (pytest.approx(3e300), 1, [0.0, 1.0], pytest.approx([-3e300, 0.0]))
    with np.errstate(over="ignore"):
        out = getattr(model, method)(np.full((2, 3), 1e200))
    assert out[0].tolist() in (math.inf, 1, [0.0, 1.0], [-math.inf, 0.0])


@pytest.mark.parametrize("method", METHODS)
def test_wrong_number_of_columns_raises_their_error(method):
    assert_same_error(lambda model: getattr(model.fit(X, Y), method)(X[:, :2]))


@pytest.mark.parametrize("method", METHODS)
def test_not_fitted(method):
    with pytest.raises(NotFittedError, match="This LogisticRegression instance is not fitted yet"):
        getattr(LogisticRegression(), method)(X)
