"""`fastlogreg diagnose`: what it prints, missing values, and the files that it refuses."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from common.commands import refusal
from fastlogreg import doctor, suggest
from fastlogreg.cli import main

TOWNS = np.array(["Bonn", "Cork", "Delft"])


def people(n=400, seed=0):
    """Age, dose, town, and whether the two numbers have the same sign but for some noise."""
    rng = np.random.default_rng(seed)
    age, dose = rng.standard_normal((2, n))
    town = TOWNS[rng.integers(0, 3, n)]
    same = (age * dose > 0) ^ (rng.random(n) < 0.2)
    return age, dose, town, np.where(same, "yes", "no")


def matrix(age, dose, town):
    return np.column_stack([age, dose, town == "Cork", town == "Delft"])


NAMES = ["age", "dose", "town=Cork", "town=Delft"]


def write(path, *columns, header=("age", "dose", "town", "same")):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(zip(*(np.asarray(column).tolist() for column in columns), strict=True))
    return str(path)


def run(capsys, *argv):
    assert main(["diagnose", *argv]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_prints_both_reports(tmp_path, capsys):
    age, dose, town, same = people()
    out = run(capsys, write(tmp_path / "p.csv", age, dose, town, same), "--target", "same")
    X = matrix(age, dose, town)
    report = doctor(X, same, feature_names=NAMES)
    terms = suggest(X, same == "yes", feature_names=NAMES)
    assert out == f"{report}\n\n{terms}\n"
    assert "classes no (" in out
    assert "age*dose" in out


def test_options_reach_both(tmp_path, capsys):
    age, dose, town, same = people()
    weight = np.arange(400) % 3
    file = write(
        tmp_path / "p.csv", age, dose, town, weight, same,
        header=("age", "dose", "town", "w", "same"),
    )  # fmt: skip
    options = ["--target=same", "--weight=w", "--no-intercept", "--drop=town", "--level=1e-9"]
    out = run(capsys, file, *options)
    X = np.column_stack([age, dose])
    kept = {"sample_weight": weight, "fit_intercept": False, "feature_names": ["age", "dose"]}
    report, terms = doctor(X, same, **kept), suggest(X, same == "yes", level=1e-9, **kept)
    assert out == f"{report}\n\n{terms}\n"


def test_missing_and_infinite_values_are_reported(tmp_path, capsys):
    age, dose, town, same = people()
    texts = [column.astype(object) for column in (age, dose, town)]
    texts[0][:7] = ["", "NA", "nan", " ", "null", "n/a", "NaN"]
    texts[1][9] = "inf"
    texts[2][[0, 20, 30]] = ""
    out = run(capsys, write(tmp_path / "p.csv", *texts, same), "--target", "same")
    assert "missing values: age (7); 7 of 400 rows" in out
    assert "infinite values: dose (1)" in out
    assert "missing texts: town (3 of 400 rows)" in out
    whole = np.setdiff1d(np.arange(400), [*range(7), 9])
    known = ~np.isin(whole, [0, 20, 30])
    levels = [known & (town[whole] == name) for name in TOWNS]
    X = np.column_stack([age[whole], dose[whole], *levels])
    expected = suggest(X, same[whole] == "yes", feature_names=["age", "dose", *TOWNS])
    assert "Squares and products, of the 392 complete rows:\n" in out
    assert f"age*dose  {expected[0].statistic:9.4g}" in out


def test_columns_that_miss_most_take_no_part(tmp_path, capsys):
    age, dose, town, same = people()
    holed = dose.astype(object)
    holed[:300] = ""
    file = write(tmp_path / "p.csv", age, holed, town, same)
    out = run(capsys, file, "--target", "same")
    assert "Squares and products, of the 400 complete rows without dose:" in out
    _, _, tested = run(capsys, file, "--target=same", "--drop=dose").partition("A straight line")
    assert out.endswith(f"A straight line{tested}")
    assert tested
    file = write(tmp_path / "q.csv", [""] * 400, same, header=("age", "same"))
    assert "not tested: no column has all its values" in run(capsys, file, "--target", "same")


def test_parquet_with_nulls(tmp_path, capsys):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    age, dose, town, same = people()
    flag = [None if i == 3 else bool(i % 2) for i in range(400)]
    columns = {
        "age": [None if i < 4 else v for i, v in enumerate(age.tolist())],
        "town": [None if i == 9 else v for i, v in enumerate(town.tolist())],
        "flag": flag,
        "same": same.tolist(),
    }
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    out = run(capsys, str(tmp_path / "p.parquet"), "--target", "same")
    assert "missing values: age (4), flag (1); 4 of 400 rows" in out
    assert "missing texts: town (1 of 400 rows)" in out


def test_several_classes(tmp_path, capsys):
    age, dose, town, same = people()
    file = write(tmp_path / "p.csv", age, dose, town, same)
    out = run(capsys, file, "--target", "town", "--drop", "same")
    assert "Bonn (" in out
    codes = np.searchsorted(TOWNS, town)
    X, names = np.column_stack([age, dose]), {"class_names": TOWNS.tolist()}
    expected = suggest(X, codes, n_classes=3, feature_names=["age", "dose"], **names)
    assert out.endswith(f"\n\n{expected}\n")
    out = run(capsys, file, "--target", "town", "--drop", "same", "--positive", "Cork")
    assert "classes Cork (" in out
    assert "A straight line at its best" in out


def test_one_class_and_libsvm(tmp_path, capsys):
    (tmp_path / "one.csv").write_text("a,y\n1,u\n2,u\n")
    out = run(capsys, str(tmp_path / "one.csv"), "--target", "y")
    assert "one class" in out
    assert "not tested: there is only one class" in out
    rng = np.random.default_rng(1)
    lines = [
        f"{int(rng.random() < 0.5)} 1:{rng.standard_normal():.3f} 3:{rng.random():.3f}"
        for _ in range(50)
    ]
    (tmp_path / "d.svm").write_text("\n".join(lines))
    out = run(capsys, str(tmp_path / "d.svm"))
    assert "constant: 2 (always 0)" in out
    assert "A straight line at its best" in out


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a,y\n1,u\n2,v\n", [], "--target NAME"),
        ("a,y\n1,u\n2,v\n", ["--target", "z"], "no column 'z'"),
        ("a,y\n1,u\n2,\n", ["--target", "y"], "column 'y' has a missing value on line 3"),
        ("a,y\n1,u\nx,v\n", ["--target", "y"], "column 'a' holds numbers, but 'x' on line 3"),
        ("a,y\n1,u\n2,v\n", ["--target", "y", "--positive", "w"], "no label 'w'"),
        ("a,w,y\n1,1,u\n2,NA,v\n", ["--target", "y", "--weight", "w"], "weight on line 3"),
        ("a,y\n" + "1,{}\n" * 40, ["--target", "y"], "y has 40 different values"),
    ],
)
def test_refusals(tmp_path, capsys, text, options, said):
    (tmp_path / "f.csv").write_text(text.format(*range(100)))
    assert said in refusal(capsys, "diagnose", str(tmp_path / "f.csv"), *options)


def test_other_commands_still_refuse_missing_values(tmp_path, capsys):
    (tmp_path / "f.csv").write_text("a,b,y\n1,,u\n2,x,v\n")
    assert main(["fit", str(tmp_path / "f.csv"), "--target", "y"]) == 2
    assert "column 'b' has a missing value on line 2" in capsys.readouterr().err


def test_as_a_command(tmp_path):
    file = write(tmp_path / "p.csv", *people())
    command = [sys.executable, "-P", "-m", "fastlogreg", "diagnose", file, "--target", "same"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "age*dose" in done.stdout
    assert done.stderr == ""
