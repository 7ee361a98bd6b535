"""`doctor`: every finding on data that have it, and none on data that do not."""

import numpy as np
import pytest
from scipy import sparse

from common.diagnostics import N, clean, kinds
from fastlogreg import LogisticRegression, doctor, fit
from fastlogreg.diagnostics.columns import describe


def with_column(values):
    def change(X, y):
        return np.column_stack([X, values(X, y)]), y

    return change


def with_value(row, column, value):
    def change(X, y):
        X = X.copy()
        X[row, column] = value
        return X, y

    return change


def few(y, label, count):
    """y with all but some rows of a label turned to the other."""
    where = np.flatnonzero(y == label)[count:]
    y = y.copy()
    y[where] = {"yes": "no", "no": "yes"}[label]
    return y


def rare_dummy(X, y):
    column = np.zeros(len(y))
    column[[np.flatnonzero(y == "yes")[0], np.flatnonzero(y == "no")[0]]] = 1.0
    return column


NOISE = np.random.default_rng(9).standard_normal(N)

# what is planted, the kind of the finding, the columns that it names
FAULTS = {
    "missing": (with_value(3, 1, np.nan), "missing values", ("x1",)),
    "infinite": (with_value(3, 1, -np.inf), "infinite values", ("x1",)),
    "constant": (with_column(lambda X, y: np.full(N, 2.5)), "constant", ("x4",)),
    "zero": (with_column(lambda X, y: np.zeros(N)), "constant", ("x4",)),
    "duplicate": (with_column(lambda X, y: X[:, 1]), "duplicate", ("x1", "x4")),
    "sum": (with_column(lambda X, y: X[:, 0] + 2 * X[:, 3]), "collinear", ("x4", "x0", "x3")),
    "complement": (with_column(lambda X, y: 1 - X[:, 2]), "collinear", ("x4", "x2")),
    "nearly": (
        with_column(lambda X, y: X[:, 0] - X[:, 1] + 0.01 * NOISE), "nearly collinear",
        ("x4", "x0", "x1"),
    ),
    "rare class": (lambda X, y: (X, few(y, "yes", 19)), "rare class", ()),
    "rare dummy": (with_column(rare_dummy), "rare values", ("x4",)),
    "rare zero": (with_column(lambda X, y: 1 - rare_dummy(X, y)), "rare values", ("x4",)),
    "leverage": (with_value(7, 0, 50.0), "leverage", ()),
    "scale": (with_column(lambda X, y: 1e5 * NOISE), "scales", ("x2", "x4")),
    "far": (with_column(lambda X, y: 1e6 + NOISE), "far from zero", ("x4",)),
}  # fmt: skip


def test_clean_data_give_nothing():
    for seed in range(5):
        report = doctor(*clean(seed=seed))
        assert len(report) == 0, str(report)
        assert report.skipped == ()
    assert str(report).endswith("Nothing stands in the way of a fit.")
    assert report.n_used == report.n_rows == N
    assert sum(report.classes.values()) == N


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found_and_nothing_else(fault):
    change, kind, columns = FAULTS[fault]
    report = doctor(*change(*clean()))
    (finding,) = report
    assert finding.kind == kind
    assert finding.columns == columns
    assert finding.remedy
    assert report.of(kind) == (finding,)
    assert report.of("no such kind") == ()
    assert finding.text in str(report)
    assert f"-> {finding.remedy}" in repr(report)


@pytest.mark.parametrize("form", ["F", "float32", "CSR", "CSC", "frame"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_form_of_x(form, fault):
    X, y = FAULTS[fault][0](*clean())
    if form == "float32" and fault == "far":
        X = X.astype(np.float32).astype(float)
    if form == "frame":
        pandas = pytest.importorskip("pandas")
        other = pandas.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    else:
        other = {
            "F": np.asfortranarray,
            "float32": lambda X: X.astype(np.float32),
            "CSR": sparse.csr_array,
            "CSC": sparse.csc_matrix,
        }[form](X)
    found, expected = doctor(other, y), doctor(X, y)
    assert [finding.kind for finding in found] == [finding.kind for finding in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert (mine.columns, mine.rows) == (theirs.columns, theirs.rows)
    if fault != "nearly":  # whose figures are of float32's precision
        assert str(found) == str(expected)


def test_input_is_not_changed():
    X, y = FAULTS["missing"][0](*clean())
    matrix = sparse.csr_array((np.ones(4), np.array([0, 0, 1, 1]), [0, 2, 4]), shape=(2, 2))
    before, data = X.copy(), matrix.data.copy()
    doctor(X, y)
    doctor(matrix, ["a", "b"])
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(matrix.data, data)


# ---------------------------------------------------------------------- missing and infinite


def test_missing_values_are_counted_by_column():
    X, y = clean()
    X[:10, 0], X[5:8, 3], X[20, 1] = np.nan, np.nan, np.inf
    report = doctor(X, y)
    (missing,), (infinite,) = report.of("missing values"), report.of("infinite values")
    assert missing.figures == {"x0": 10, "x3": 3}
    assert "x0 (10), x3 (3); 10 of 400 rows" in missing.text
    assert infinite.figures == {"x1": 1}
    assert report.n_used == N - 11
    assert "(389 usable)" in str(report)


def test_a_column_that_is_mostly_missing_costs_no_rows():
    X, y = clean()
    X[: N - 50, 1] = np.nan
    X = np.column_stack([X, X[:, 0] * 3])
    report = doctor(X, y)
    assert report.n_used == N
    assert report.of("collinear")[0].text == "x4 = 3 x0"


def test_columns_are_left_out_if_no_row_is_complete():
    X, y = clean()
    X[::2, 0], X[1::2, 1] = np.nan, np.nan
    report = doctor(X, y)
    assert report.n_used == N
    assert report.of("missing values")[0].figures == {"x0": 200, "x1": 200}


@pytest.mark.parametrize("unknown", [None, np.nan])
def test_missing_labels(unknown):
    X, y = clean()
    y = y.astype(object)
    y[[4, 9]] = unknown
    report = doctor(X, y)
    (finding,) = report
    assert (finding.kind, finding.rows) == ("missing labels", (4, 9))
    assert report.n_used == N - 2
    numbers = np.where(clean()[1] == "yes", 1.0, 0.0)
    numbers[[4, 9]] = np.nan
    assert doctor(X, numbers).of("missing labels")[0].rows == (4, 9)


def test_labels_of_pandas():
    pandas = pytest.importorskip("pandas")
    X, y = clean()
    labels = pandas.Series(y, dtype="string")
    labels[4] = pandas.NA
    report = doctor(X, labels)
    assert report.of("missing labels")[0].rows == (4,)
    assert set(report.classes) == {"no", "yes"}
    codes = pandas.Series(np.where(y == "yes", 1, 0), dtype="Int64")
    codes[4] = pandas.NA
    assert doctor(X, codes).of("missing labels")[0].rows == (4,)
    mixed = doctor(X, np.array([1 if label == "yes" else "no" for label in y], dtype=object))
    assert len(mixed) == 0


def test_nothing_usable():
    assert kinds(doctor([[1.0], [2.0]], [np.nan, np.nan])) == {"missing labels", "no rows"}
    report = doctor(np.full((3, 2), np.nan), [0, 1, 1])
    assert report.of("missing values")[0].figures == {"x0": 3, "x1": 3}


# ---------------------------------------------------------------------- classes and rare values


def test_one_class():
    X, _ = clean()
    (finding,) = doctor(X, ["a"] * N)
    assert finding.kind == "one class"
    assert "'a'" in finding.text


def test_several_classes_and_the_rare_one():
    X, _ = clean()
    y = np.repeat(["a", "b", "c"], [N // 2, N // 2 - 7, 7])
    (finding,) = doctor(X, y).of("rare class")
    assert finding.figures == {"class": "c", "rows": 7, "per_column": 7 / 4}
    assert doctor(X, y).classes == {"a": 200, "b": 193, "c": 7}


def test_rare_class_counts_columns():
    rng = np.random.default_rng(1)
    y = np.arange(300) < 30
    assert not doctor(rng.standard_normal((300, 6)), y).of("rare class")
    assert doctor(rng.standard_normal((300, 7)), y).of("rare class")


@pytest.mark.parametrize("value", [1.0, -2.0])
def test_non_zeros_of_one_class(value):
    X, y = clean()
    column = np.zeros(N)
    column[np.flatnonzero(y == "yes")[:29]] = value
    (finding,) = doctor(np.column_stack([X, column]), y).of("one-class columns")
    assert finding.columns == ("x4",)
    assert "x4 (29 of 400 rows other than 0, all of class 'yes')" in finding.text
    column[np.flatnonzero(y == "no")[0]] = value
    assert not doctor(np.column_stack([X, column]), y).of("one-class columns")


def test_zeros_of_one_class():
    X, y = clean()
    column = np.ones(N)
    column[np.flatnonzero(y == "no")[:12]] = 0.0
    (finding,) = doctor(np.column_stack([X, column]), y).of("one-class columns")
    assert "x4 (12 of 400 rows at 0, all of class 'no')" in finding.text


def test_non_zeros_of_both_signs_separate_nothing():
    X, y = clean()
    column = np.zeros(N)
    column[np.flatnonzero(y == "yes")[:20]] = [1.0, -1.0] * 10
    assert not doctor(np.column_stack([X, column]), y).of("one-class columns")


# ---------------------------------------------------------------------- separation


def test_separation_comes_first_and_names_what_is_infinite():
    X, y = clean()
    treated = np.zeros(N)
    treated[np.flatnonzero(y == "yes")[:29]] = 1.0
    X = np.column_stack([X, treated])
    keep = np.ones(N)
    keep[np.flatnonzero(y == "no")[:3]] = 0.0
    names = ["age", "dose", "sex", "visits", "treated"]
    report = doctor(X, y, sample_weight=keep, feature_names=names)
    first = report[0]
    assert (first.kind, first.columns, first.figures) == (
        "separation",
        ("treated",),
        {"treated": 1},
    )
    assert set(first.rows) == set(np.flatnonzero(treated).tolist())
    assert "of 397 rows have treated=1, all of class 'yes')" in first.text
    assert "Options" not in first.text
    assert "penalty" in first.remedy


def test_separation_of_several_classes():
    rng = np.random.default_rng(6)
    y = np.repeat([0, 1, 2], 40)
    X = rng.standard_normal((120, 2))
    assert not doctor(X, y).of("separation")
    X[y == 2, 1] += 20.0
    (finding,) = doctor(X, y).of("separation")
    assert set(finding.columns) <= {"x0", "x1", "intercept"}
    assert "x1" in finding.columns
    (labelled,) = doctor(X, np.array(["low", "mid", "top"])[y]).of("separation")
    assert "class 'top' lies apart from all others" in labelled.text
    assert all(label in ("low", "mid", "top") for label, _ in labelled.figures)


# ---------------------------------------------------------------------- rows and scales


def test_leverage_names_the_row_and_the_column():
    X, y = clean()
    X[[7, 30], [0, 3]] = 1e4, 900.0
    keep = np.ones(N)
    keep[:5] = 0.0
    report = doctor(X, y, sample_weight=keep, feature_names=["age", "dose", "sex", "visits"])
    (finding,) = report.of("leverage")
    assert set(finding.rows) == {7, 30}
    assert "row 7 (age = 1e+04" in finding.text
    assert "row 30 (visits = 900" in finding.text
    assert report.n_used == N - 5


def test_leverage_is_that_of_the_hat_matrix():
    X, y = clean()
    X[7, 0] = 60.0
    (finding,) = doctor(X, y).of("leverage")
    A = np.column_stack([np.ones(N), X[:, [0, 1, 3]]])  # dummies are told by their own findings
    hat = A @ np.linalg.pinv(A)
    assert finding.figures["leverage"][0] == pytest.approx(hat[7, 7] - 1 / N)


def test_few_rows_of_normal_data_have_no_extreme_leverage():
    for seed in range(20):
        X = np.random.default_rng(seed).standard_normal((40, 8))
        assert not doctor(X, np.arange(40) % 2).of("leverage")


def test_values_that_a_fit_refuses():
    X, y = clean()
    X[:, 0] *= 1e200
    report = doctor(X, y)
    assert [finding.kind for finding in report] == ["too large", "scales"]
    assert report[0].columns == ("x0",)
    assert report[1].columns == ("x2", "x0")
    with pytest.raises(ValueError, match="overflow"):
        fit(X, y == "yes")


def test_describe_equals_numpy(basic_layout):
    A = np.random.default_rng(5).standard_normal((90, 6))
    X = basic_layout.make(A)
    dense = basic_layout.dense(X)
    codes = np.arange(90) % 3
    seen = describe(X.tocsc() if sparse.issparse(X) else X, codes, 3)
    np.testing.assert_allclose(seen.low, dense.min(axis=0))
    np.testing.assert_allclose(seen.high, dense.max(axis=0))
    np.testing.assert_allclose(seen.mean, dense.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(seen.deviation, dense.std(axis=0))
    for k in range(3):
        np.testing.assert_array_equal(
            seen.nonzero[:, k], np.count_nonzero(dense[codes == k], axis=0)
        )


# ---------------------------------------------------------------------- input, estimator


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"X": [1.0, 2.0]}, "X must have two dimensions"),
        ({"X": np.empty((0, 2)), "y": []}, "X has no rows"),
        ({"X": np.ones((4, 2)) * 1j}, "Complex data"),
        ({"y": [0, 1]}, r"y must have shape \(4,\)"),
        ({"X": np.ones((60, 1)), "y": np.linspace(0, 1, 60)}, "y has 60 different values"),
        ({"sample_weight": [1.0, -1.0, 1.0, 1.0]}, "Negative values"),
        ({"feature_names": ["a"]}, "feature_names must have 2 names"),
    ],
)
def test_bad_input(change, text):
    good = {"X": np.arange(8.0).reshape(4, 2), "y": [0, 1, 1, 0]}
    with pytest.raises(ValueError, match=text):
        doctor(**(good | change))


def test_columns_of_texts_are_named_and_the_others_diagnosed():
    pandas = pytest.importorskip("pandas")
    X, y = clean()
    X[:, 1] = 2.0 * X[:, 0]
    X[7, 2] = np.nan
    frame = pandas.DataFrame(X, columns=list("abcd"))
    mixed = frame.assign(
        town=np.where(y == y[0], "Bonn", "Cork"), size=pandas.Categorical(["s", "m"] * (N // 2)),
        seen=pandas.Timestamp("2020-02-02"), text=[str(v) for v in range(N)],
    )  # fmt: skip
    mixed = mixed[["town", "a", "size", "b", "seen", "c", "text", "d"]]
    expected = doctor(frame.assign(text=np.arange(N)), y)
    for given, names in ((mixed, None), (mixed.to_numpy(dtype=object), list(mixed))):
        report = doctor(given, y, feature_names=names)
        (finding,) = report.of("no numbers")
        assert finding.columns == ("town", "size", "seen")
        assert "OneHotEncoder" in finding.remedy
        for kind in ("missing values", "collinear"):
            assert report.of(kind) == expected.of(kind) != ()
        assert report.n_columns == 8
    (finding,) = doctor([["a"], ["b"], ["a"], ["b"]], [0, 1, 0, 1])
    assert finding.columns == ("x0",)


def test_nullable_numbers_of_a_frame():
    pandas = pytest.importorskip("pandas")
    nullable = pandas.DataFrame({"age": pandas.array([1, None, 3, 4], dtype="Int64")})
    assert doctor(nullable, [0, 1, 0, 1]).of("missing values")[0].figures == {"age": 1}


def test_estimator_asks_the_doctor():
    X, y = clean()
    X = np.column_stack([X, np.ones(N), 3 - X[:, 0]])
    model = LogisticRegression(fit_intercept=False)
    assert str(model.doctor(X, y)) == str(doctor(X, y, fit_intercept=False))
    names = list("abcdef")
    weight = np.arange(N) % 2
    mine = LogisticRegression().doctor(X, y, weight, feature_names=names)
    assert str(mine) == str(doctor(X, y, sample_weight=weight, feature_names=names))
