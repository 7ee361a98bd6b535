"""Reading of CSV, libsvm and Parquet files, and the coding of their columns."""

import numpy as np
import pytest
from scipy import sparse

from fastlogreg.cli.features import Feature, design_matrix, features_of
from fastlogreg.cli.tables import (
    FileError,
    Numbers,
    Texts,
    guess_format,
    read_libsvm,
    read_table,
)


@pytest.fixture
def write(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def numbers(table, name):
    assert isinstance(table.columns[name], Numbers)
    return table.columns[name].values.tolist()


def texts(table, name):
    column = table.columns[name]
    assert isinstance(column, Texts)
    return [column.levels[code] for code in column.codes]


def test_numbers_read_exactly(write):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((500, 3)) * 10.0 ** rng.integers(-300, 300, (500, 3))
    body = "\n".join(",".join(map(repr, row)) for row in values.tolist())
    plain = read_table(write("a,b,c\n" + body))
    mixed = read_table(write("a,b,c,d\n" + body.replace("\n", ",t\n") + ",t"))
    for table in (plain, mixed):
        read = np.column_stack([numbers(table, name) for name in "abc"])
        np.testing.assert_array_equal(read, values)


def test_texts_quotes_and_embedded_lines(write):
    table = read_table(write('id,"a ""name"", long"\n1,"x, y"\n2,"two\nlines"\n\n3, x\n'))
    assert list(table.columns) == ["id", 'a "name", long']
    assert numbers(table, "id") == [1, 2, 3]
    assert texts(table, 'a "name", long') == ["x, y", "two\nlines", "x"]
    assert [table.where(row) for row in range(3)] == ["line 2", "line 4", "line 6"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
def test_dialects(write, delimiter, end, mark):
    rows = [["a b", "c"], ["1", "x"], ["2", "ü"]]
    text = end.join(delimiter.join(row) for row in rows) + end
    table = read_table(write(mark + text.encode()))
    assert numbers(table, "a b") == [1, 2]
    assert texts(table, "c") == ["x", "ü"]


def test_more_rows_than_a_chunk(write):
    n = 45_001
    text = "x,t\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(n))
    table = read_table(write(text))
    assert table.n_rows == n
    assert numbers(table, "x") == list(range(n))
    assert texts(table, "t") == ["ab"[i % 2] for i in range(n)]
    broken = text.replace("\n44000,", "\nnope,")
    with pytest.raises(FileError, match=r"'x' holds numbers, but 'nope' on line 44002"):
        read_table(write(broken))


@pytest.mark.parametrize("extra", ["", ",word"], ids=["fast reader", "row reader"])
def test_target_labels_are_written_in_one_way(write, extra):
    text = f"y,x{',t' if extra else ''}\n1,5{extra}\n1.0,6{extra}\n0,7{extra}\n-2.5e0,8{extra}\n"
    table = read_table(write(text), target="y")
    assert texts(table, "y") == ["1", "1", "0", "-2.5"]
    assert table.columns["y"].levels == ("-2.5", "0", "1")


def test_categorical_only_and_drop(write):
    path = write("code,x,note\n01,1,p\n1,2,q\n01,3,r\n")
    assert texts(read_table(path, categorical=["code"]), "code") == ["01", "1", "01"]
    assert list(read_table(path, only=["x"]).columns) == ["x"]
    assert list(read_table(path, drop=["x"]).columns) == ["code", "note"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "a header and no rows"),
        ("1,2\n3,4\n", "the first line holds only numbers"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        (",a\n0,2\n", "column 1 has no name in the header"),
        ("a,b\n1,2\n3\n", "line 3 has 1 fields, the header 2"),
        ("a,b\n1,2,3\n", "line 2 has 3 fields, the header 2"),
        ("a,b\n1,\n", "column 'b' has a missing value on line 2"),
        ("a,b\n1,2\n1,nan\n", "column 'b' has a missing value on line 3"),
        ("a,b\n1,x\n1,NA\n", "column 'b' has a missing value on line 3"),
        ("a,b\n1,2\n1,-inf\n", "column 'b' has -inf on line 3; all values must be finite"),
        ("a,b\n1,2\n1,x\n", "column 'b' holds numbers, but 'x' on line 3"),
        ("a,b\n1,x\n1,2\n", "column 'b' holds texts, but the number 2 on line 3"),
        ('a,b\n1,"x\n', "not a proper CSV file"),
        ('a,b\n1,"x"y\n', "not a proper CSV file"),
        (b"a,b\n1,\xff\n", "not UTF-8 text"),
    ],
)
def test_bad_csv_is_named_in_one_line(write, content, message):
    path = write(content)
    with pytest.raises(FileError) as caught:
        read_table(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_unnamed_column_can_be_dropped(write):
    table = read_table(write(",a\n0,2\n1,3\n"), drop=["column 1"])
    assert list(table.columns) == ["a"]


@pytest.mark.parametrize("where", ["target", "only", "drop", "categorical"])
def test_unknown_column(write, where):
    with pytest.raises(FileError, match="no column 'agge'; did you mean 'age'"):
        read_table(write("age,b\n1,2\n"), **{where: "agge" if where == "target" else ["agge"]})


def test_guess_format(write):
    assert guess_format(write("a,b\n1,2\n")) == "csv"
    assert guess_format(write("+1 3:1 11:0.5\n-1 2:1e-3\n")) == "libsvm"
    assert guess_format(write("# made by hand\n1 qid:4 3:1\n")) == "libsvm"
    assert guess_format(write("1 " + " ".join(f"{j}:1.25" for j in range(2000)))) == "libsvm"
    assert guess_format(write("0\n1\n0 3:1\n")) == "libsvm"
    assert guess_format(write("1 2:0.5\n" * 2000)) == "libsvm"
    assert guess_format(write("time\n12:30\n")) == "csv"
    assert guess_format(write("a\n1\n")) == "csv"
    with pytest.raises(FileError, match="neither text nor Parquet"):
        guess_format(write(b"PK\x03\x04\x00\x00"))
    with pytest.raises(FileError, match="cannot be read"):
        guess_format("no such file")


def test_libsvm(write):
    labels, X = read_libsvm(write("+1 1:0.5 3:2 # note\n-1 2:1e-3\n+1\n"))
    assert [labels.levels[code] for code in labels.codes] == ["1", "-1", "1"]
    np.testing.assert_array_equal(X.toarray(), [[0, 0.5, 0, 2], [0, 0, 1e-3, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 3:x\n", "not in libsvm format"),
        ("1 3:1 2:1\n", "not in libsvm format"),
        ("", "no rows"),
        ("1 1:1\n0 2:nan\n", "row 2 has the value nan at index 2"),
    ],
)
def test_bad_libsvm(write, content, message):
    with pytest.raises(FileError, match=message):
        read_libsvm(write(content))


def parquet(tmp_path, **columns):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "data.parquet")
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    path = parquet(
        tmp_path,
        i=pa.array([3, 1, 2], pa.int8()),
        f=pa.array([0.5, 0.1, 1e300]),
        flag=[True, False, True],
        t=["b", "a", "b"],
        d=pa.array(["b", "a", "b"]).dictionary_encode(),
        y=[1, 0, 1],
    )
    assert guess_format(path) == "parquet"
    table = read_table(path, "parquet", target="y", categorical=["i"])
    assert texts(table, "i") == ["3", "1", "2"]
    assert numbers(table, "f") == [0.5, 0.1, 1e300]
    assert numbers(table, "flag") == [1, 0, 1]
    assert texts(table, "t") == texts(table, "d") == ["b", "a", "b"]
    assert texts(table, "y") == ["1", "0", "1"]
    assert table.where(1) == "row 2"


def test_bad_parquet(tmp_path, write):
    path = parquet(tmp_path, a=[1.0, None], t=["x", None], n=[float("nan"), 1.0], v=[[1], [2]])
    for column, message in {
        "a": "column 'a' has a missing value on row 2",
        "t": "column 't' has a missing value on row 2",
        "n": "column 'n' has a missing value on row 1",
        "v": "column 'v' holds list<",
    }.items():
        with pytest.raises(FileError, match=message):
            read_table(path, "parquet", only=[column])
    with pytest.raises(FileError, match="not a proper Parquet file"):
        read_table(write(b"PAR1 and nothing more"), "parquet")


def test_design_matrix_codes_texts_and_leaves_the_first_level_out(write):
    table = read_table(write("x,t,y\n1,b,no\n2,a,yes\n3,c,no\n"), target="y")
    features = features_of(table, leave_out={"y"})
    assert features == (Feature("x"), Feature("t", ("a", "b", "c")))
    assert [name for f in features for name in f.column_names] == ["x", "t=b", "t=c"]
    X = design_matrix(table, features)
    np.testing.assert_array_equal(X, [[1, 1, 0], [2, 0, 0], [3, 0, 1]])


def test_many_levels_give_a_sparse_matrix(write):
    n = 600
    table = read_table(write("x,t\n" + "".join(f"{i},level{i % 90}\n" for i in range(n))))
    features = features_of(table)
    X = design_matrix(table, features)
    assert sparse.issparse(X)
    order = sorted({f"level{k}" for k in range(90)})
    expected = np.zeros((n, 90))
    expected[:, 0] = np.arange(n)
    for i in range(n):
        code = order.index(f"level{i % 90}")
        if code:
            expected[i, code] = 1
    np.testing.assert_array_equal(X.toarray(), expected)


def test_coding_is_that_of_the_fit(write):
    fitted = features_of(read_table(write("t\nb\na\nc\n")))
    later = read_table(write("t\nc\nb\n"), categorical=["t"], only=["t"])
    np.testing.assert_array_equal(design_matrix(later, fitted), [[0, 1], [1, 0]])
    strange = read_table(write("t\nc\nd\n"), categorical=["t"], only=["t"])
    with pytest.raises(FileError, match="'t' has 'd' on line 3, which the fit did not see"):
        design_matrix(strange, fitted)
    with pytest.raises(FileError, match="'t' holds texts such as 'c'; the model was fitted to"):
        design_matrix(strange, (Feature("t"),))


def test_names_are_not_categories(write):
    path = write("name,x\n" + "".join(f"person{i},{i}\n" for i in range(30)))
    with pytest.raises(FileError, match="'name' holds 30 different texts in 30 rows"):
        features_of(read_table(path))
    assert len(features_of(read_table(path), categorical=["name"])[0].levels) == 30


def test_features_of_one_name_are_refused(write):
    table = read_table(write("t,t=b\na,1\nb,2\n"))
    with pytest.raises(FileError, match="two features would be called 't=b'"):
        features_of(table)
