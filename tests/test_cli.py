"""The command line: what it prints and writes, and how it refuses."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastlogreg
from common.commands import refusal
from fastlogreg import reference
from fastlogreg.cli import main
from fastlogreg.cli.features import Feature, LibsvmFeatures
from fastlogreg.cli.model_file import Model, load_model, save_model
from fastlogreg.cli.tables import FileError

COMMAND = [sys.executable, "-m", "fastlogreg"]


def people(n=300, seed=0):
    """Rows (age, town, score, target) of a logistic model with a text column."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    town = rng.choice(["Aarhus", "Bonn, old", "Cork"], n)
    score = rng.standard_normal(n) * 1e4
    z = 0.05 * (age - 45) + (town == "Cork") + score / 1e4
    y = rng.random(n) < reference.sigmoid(z)
    return age, town, score, y


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def people_csv(folder):
    with open("people.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age", "town", "score", "bought"])
        for a, t, s, y in zip(*people(), strict=True):
            writer.writerow([a, t, float(s), "yes" if y else "no"])
    return "people.csv"


def coded(age, town, score):
    return np.column_stack([age, town == "Bonn, old", town == "Cork", score]).astype(float)


def test_fit_finds_the_optimum_and_saves_it(people_csv, capsys):
    args = ["fit", people_csv, "--target", "bought", "--C", "0.5", "--output", "m.json"]
    assert main(args) == 0
    out = capsys.readouterr().out
    age, town, score, y = people()
    X = coded(age, town, score)
    coef, intercept, losses = reference.newton(X, y, alpha=1 / (0.5 * len(y)))
    model = load_model("m.json")
    assert model.classes == ("no", "yes")
    assert model.column_names == ["age", "town=Bonn, old", "town=Cork", "score"]
    np.testing.assert_allclose(model.coef, coef, rtol=1e-4)
    np.testing.assert_allclose(model.intercept, intercept, rtol=1e-4)
    assert model.certificate["objective"] == pytest.approx(losses[-1], rel=1e-9)
    assert model.certificate["relative_gap"] <= 1e-9
    right = (reference.decision_function(X, coef, intercept) > 0) == y
    assert model.summary["accuracy"] == pytest.approx(right.mean())
    for shown in ("300 rows, 4 features", "town=Cork", "intercept", "above the optimum", "m.json"):
        assert shown in out


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ([], {"alpha": 1 / 300}),
        (["--alpha", "0.25"], {"alpha": 0.25}),
        (["--penalty", "none"], {"alpha": 0.0}),
        (["--no-intercept"], {"alpha": 1 / 300, "fit_intercept": False}),
        (["--positive", "no"], {"alpha": 1 / 300, "flip": True}),
        (["--drop", "town"], {"alpha": 1 / 300, "columns": [0, 3]}),
    ],
)
def test_fit_options(people_csv, capsys, options, settings):
    assert main(["fit", people_csv, "--target", "bought", "--output", "m.json", *options]) == 0
    age, town, score, y = people()
    X = coded(age, town, score)[:, settings.pop("columns", slice(None))]
    y = ~y if settings.pop("flip", False) else y
    coef, intercept, _ = reference.newton(X, y, **settings)
    model = load_model("m.json")
    np.testing.assert_allclose(model.coef, coef, rtol=1e-3)
    np.testing.assert_allclose(model.intercept, intercept or 0.0, rtol=1e-3)


def test_fit_with_row_weights(folder, capsys):
    age, town, score, y = people()
    times = np.random.default_rng(1).integers(0, 3, len(y))
    table = np.column_stack([age, score, times, y]).astype(float)
    np.savetxt("once.csv", table, delimiter=",", header="age,score,times,y", comments="")
    again = np.repeat(table[:, [0, 1, 3]], times, axis=0)
    np.savetxt("often.csv", again, delimiter=",", header="age,score,y", comments="")
    assert main(["fit", "once.csv", "--target=y", "--weight=times", "--output=once.json"]) == 0
    assert main(["fit", "often.csv", "--target=y", "--output=often.json"]) == 0
    once, often = load_model("once.json"), load_model("often.json")
    np.testing.assert_allclose(once.coef, often.coef, rtol=1e-4)
    assert once.summary["loss"] == pytest.approx(often.summary["loss"], rel=1e-8)
    assert once.summary["accuracy"] == pytest.approx(often.summary["accuracy"])


@pytest.mark.parametrize("first", [0, 1])
def test_libsvm_and_unseen_indices(folder, capsys, first):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((120, 5)) * (rng.random((120, 5)) < 0.6)
    y = np.where(rng.random(120) < reference.sigmoid(X @ np.arange(5) - 1), 1, -1)

    def write(path, rows, extra=""):
        with open(path, "w") as file:
            for i in rows:
                cells = " ".join(f"{j + first}:{float(X[i, j])!r}" for j in np.flatnonzero(X[i]))
                file.write(f"{y[i]:+d} {cells}{extra}\n")

    write("train", range(120))
    write("test", range(40), extra=" 77:3.5")
    assert main(["fit", "train", "--output", "m.json"]) == 0
    coef, intercept, _ = reference.newton(X, y > 0, alpha=1 / 120)
    model = load_model("m.json")
    assert model.features == LibsvmFeatures(first, 5)
    np.testing.assert_allclose(model.coef, coef, rtol=1e-4)
    capsys.readouterr()
    assert main(["predict", "m.json", "test", "--score"]) == 0
    out, err = capsys.readouterr()
    expected = np.where(X[:40] @ coef + intercept > 0, "1", "-1")
    assert out.split() == ["prediction", *expected]
    assert f"accuracy {np.mean(expected.astype(int) == y[:40]):.4f}" in err
    assert "libsvm files have no named columns" in refusal(capsys, "fit", "train", "--target", "x")
    assert "is not a libsvm file" in refusal(capsys, "predict", "m.json", "m.json")


def test_parquet_gives_the_same_model_as_csv(folder, people_csv, capsys):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    age, town, score, y = people()
    bought = np.where(y, "yes", "no")
    table = pa.table({"age": age, "town": town, "score": score, "bought": bought})
    pq.write_table(table, "people.parquet")
    for path in (people_csv, "people.parquet"):
        assert main(["fit", path, "--target", "bought", "--output", f"{path}.json"]) == 0
    models = [load_model(f"{path}.json") for path in (people_csv, "people.parquet")]
    np.testing.assert_array_equal(models[0].coef, models[1].coef)
    assert models[0].column_names == models[1].column_names


def test_predict_writes_labels_and_probabilities(people_csv, capsys):
    main(["fit", people_csv, "--target", "bought", "--output", "m.json"])
    capsys.readouterr()
    assert main(["predict", "m.json", people_csv, "--proba", "--output", "p.csv", "--score"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    with open("p.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    model = load_model("m.json")
    age, town, score, y = people()
    z = reference.decision_function(coded(age, town, score), model.coef, model.intercept)
    assert [row["prediction"] for row in rows] == np.where(z > 0, "yes", "no").tolist()
    for name, expected in {"P(yes)": reference.sigmoid(z), "P(no)": reference.sigmoid(-z)}.items():
        np.testing.assert_allclose([float(row[name]) for row in rows], expected, rtol=1e-12)
    assert f"accuracy {np.mean((z > 0) == y):.4f}" in err
    assert f"mean log loss {reference.log_loss(y, z):.6g}" in err


def test_predict_needs_neither_target_nor_other_columns(people_csv, capsys):
    main(["fit", people_csv, "--target", "bought", "--drop", "score", "--output", "m.json"])
    with open("new.csv", "w") as file:
        file.write('note,town,age\nany,Cork,80\n,"Bonn, old",18\n')
    capsys.readouterr()
    assert main(["predict", "m.json", "new.csv"]) == 0
    assert capsys.readouterr().out.split() == ["prediction", "yes", "no"]


def test_one_label_against_all_others(folder, capsys):
    with open("iris.csv", "w") as file:
        file.write("x,kind\n")
        for i in range(60):
            file.write(f"{i + 7 * (i % 3)},{'abc'[i % 3]}\n")
    args = ["fit", "iris.csv", "--target", "kind", "--positive", "c", "--output", "m.json"]
    assert main(args) == 0
    assert load_model("m.json").classes == ("not c", "c")
    capsys.readouterr()
    assert main(["predict", "m.json", "iris.csv", "--score"]) == 0
    accuracy = load_model("m.json").summary["accuracy"]
    assert f"accuracy {accuracy:.4f}" in capsys.readouterr().err


def test_many_classes(folder, capsys):
    """A softmax of all labels, its file, its predictions and what info and path say of it."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((200, 2))
    codes = np.argmax(X @ [[1, -1, 0], [0, 1, -1]] + rng.gumbel(size=(200, 3)), axis=1)
    names = np.array(["a", "b, old", "c"])
    with open("three.csv", "w", newline="") as file:
        csv.writer(file).writerow(["u", "v", "kind"])
        rows = ([*row, name] for row, name in zip(X.tolist(), names[codes], strict=True))
        csv.writer(file).writerows(rows)
    assert main(["fit", "three.csv", "--target", "kind", "--output", "m.json"]) == 0
    assert f"a in {(codes == 0).sum()} rows, b, old in" in capsys.readouterr().out
    model = load_model("m.json")
    want = fastlogreg.fit(X, codes, n_classes=3, alpha=1 / 200, tol=1e-9)
    assert model.classes == tuple(names)
    np.testing.assert_array_equal(model.coef, want.coef)
    np.testing.assert_array_equal(model.intercept, want.intercept)

    assert main(["predict", "m.json", "three.csv", "--proba", "--score"]) == 0
    out, err = capsys.readouterr()
    lines = list(csv.reader(out.splitlines()))
    proba = np.array([line[1:] for line in lines[1:]], dtype=float)
    assert lines[0] == ["prediction", "P(a)", "P(b, old)", "P(c)"]
    np.testing.assert_allclose(
        proba, fastlogreg.predict_proba(X, want.coef, want.intercept), atol=1e-14
    )
    assert [line[0] for line in lines[1:]] == names[proba.argmax(axis=1)].tolist()
    loss = -np.log(proba[np.arange(200), codes]).mean()
    assert f"mean log loss {loss:.6g}" in err
    assert model.summary["loss"] == pytest.approx(loss, rel=1e-12)

    assert main(["info", "m.json"]) == 0
    assert "b, old" in capsys.readouterr().out
    with open("other.csv", "w") as file:
        file.write("u,v,kind\n1,2,d\n")
    message = refusal(capsys, "predict", "m.json", "other.csv", "--score")
    assert "'d' is none of those that the fit had" in message
    assert "--positive" in refusal(capsys, "path", "three.csv", "--target", "kind")
    file = folder / "m.json"
    file.write_text(file.read_text().replace('"classes": [', '"classes": ["e",'))
    assert "damaged model file" in refusal(capsys, "info", "m.json")


def test_numbers_may_be_classes_if_said_so(folder, capsys):
    with open("n.csv", "w") as file:
        file.write("x,y\n" + "".join(f"{i % 7},{i % 30}\n" for i in range(120)))
    assert "30 different numbers" in refusal(capsys, "fit", "n.csv", "--target", "y")
    args = ["fit", "n.csv", "--target", "y", "--categorical", "y", "--output", "m.json"]
    assert main(args) == 0
    assert "and 24 more classes" in capsys.readouterr().out
    assert len(load_model("m.json").classes) == 30


def test_separated_classes_without_penalty_are_warned_of(folder, capsys):
    with open("s.csv", "w") as file:
        file.write("x,y\n" + "".join(f"{i},{int(i > 5)}\n" for i in range(12)))
    assert main(["fit", "s.csv", "--target", "y", "--penalty", "none"]) == 0
    assert "warning: " in capsys.readouterr().err


def test_class_without_weight(folder, capsys):
    with open("w.csv", "w") as file:
        file.write("x,w,y\n1,1,1\n2,2,1\n3,0,0\n4,0,0\n")
    message = refusal(capsys, "fit", "w.csv", "--target", "y", "--weight", "w")
    assert "column 'w' gives all rows of a class the weight 0" in message


def test_extreme_numbers_end_in_one_line(folder, capsys):
    with open("h.csv", "w") as file:
        file.write("x,y\n1,1\n2,0\n3,1\n1e300,1\n")
    assert main(["fit", "h.csv", "--target", "y"]) == 2
    assert "rescale" in capsys.readouterr().err


def test_info(people_csv, capsys):
    main(["fit", people_csv, "--target", "bought", "--output", "m.json"])
    capsys.readouterr()
    assert main(["info", "m.json"]) == 0
    out = capsys.readouterr().out
    for shown in ("4 features", "bought: yes", "above the optimum", "town=Cork", "intercept"):
        assert shown in out
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert fastlogreg.__version__ in out
    assert np.__version__ in out


def test_bench_prints_ratios(capsys):
    assert main(["bench", "--quick"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("loss_gradient" in line and " x)" in line for line in lines) == 2
    assert sum(line.startswith("fit, ") and line.count(" x)") == 3 for line in lines) == 4


def test_demo(folder, capsys):
    began = time.perf_counter()
    assert main(["demo"]) == 0
    assert time.perf_counter() - began < 30
    out = capsys.readouterr().out
    for shown in ("breast cancer", "the bound holds", "scikit-learn, default", "NumPy reference"):
        assert shown in out
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["fit", "absent.csv", "--target", "y"], "absent.csv: cannot be read"),
        (["fit", ".", "--target", "y"], "cannot be read"),
        (["fit", "people.csv"], "name the column to predict with --target"),
        (["fit", "people.csv", "--target", "bougt"], "did you mean 'bought'?"),
        (["fit", "people.csv", "--target", "age"], "column 'age' has 62 different numbers"),
        (["fit", "people.csv", "--target", "bought", "--positive", "si"], "no label 'si'"),
        (["fit", "people.csv", "--target", "bought", "--drop", "bought"], "cannot be dropped"),
        (["fit", "people.csv", "--target", "bought", "--weight", "score"], "cannot be row weights"),
        (["fit", "people.csv", "--target", "bought", "--weight", "town"], "cannot be row weights"),
        (["fit", "people.csv", "--target", "bought", "--weight", "w"], "no column 'w'"),
        (["fit", "people.csv", "--format", "libsvm"], "not in libsvm format"),
        (["fit", "people.csv", "--format", "parquet", "--target", "y"], "not a proper Parquet"),
        (["predict", "people.csv", "people.csv"], "not a fastlogreg model file"),
        (["predict", "absent.json", "people.csv"], "absent.json: cannot be read"),
        (["info", "people.csv"], "not a fastlogreg model file"),
    ],
)
def test_refusals_are_one_line(people_csv, capsys, argv, message):
    if "parquet" in argv:
        pytest.importorskip("pyarrow")
    assert message in refusal(capsys, *argv)


def test_unwritable_output(people_csv, capsys):
    fit = ["fit", people_csv, "--target", "bought", "--output"]
    assert main([*fit, "absent/m.json"]) == 2
    assert "absent/m.json: cannot be written" in capsys.readouterr().err
    main([*fit, "m.json"])
    capsys.readouterr()
    message = refusal(capsys, "predict", "m.json", people_csv, "--output", "absent/p.csv")
    assert "absent/p.csv: cannot be written" in message


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["guess"],
        ["fit"],
        ["fit", "f", "--C", "0"],
        ["fit", "f", "--C", "inf"],
        ["fit", "f", "--alpha", "-1"],
        ["fit", "f", "--C", "1", "--alpha", "1"],
        ["fit", "f", "--penalty", "none", "--C", "1"],
        ["fit", "f", "--threads", "0"],
    ],
)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert "usage: fastlogreg" in capsys.readouterr().err


def example_model(**changes):
    settings = {
        "target": "y",
        "classes": ("no", "yes"),
        "features": (Feature("a"), Feature("b", ("p", "q"))),
        "coef": np.array([0.1, -1e-300]),
        "intercept": 1 / 3,
        "alpha": 1e-5,
        "fit_intercept": True,
        "certificate": {"gap": 1e-12},
        "summary": {"rows": 3},
    }
    return Model(**{**settings, **changes})


def test_model_file_reads_back_to_the_last_bit(folder):
    rng = np.random.default_rng(3)
    coef = rng.standard_normal(1000) * 10.0 ** rng.integers(-300, 300, 1000)
    features = tuple(Feature(f"column {j}") for j in range(1000))
    model = example_model(features=features, coef=coef, intercept=float(np.nextafter(1, 2)))
    save_model(model, "m.json")
    again = load_model("m.json")
    np.testing.assert_array_equal(again.coef.view(np.int64), coef.view(np.int64))
    for name in ("target", "classes", "features", "intercept", "alpha", "certificate", "summary"):
        assert getattr(again, name) == getattr(model, name)


def test_unproved_bound_is_written_as_null(folder):
    save_model(example_model(certificate={"gap": float("inf")}), "m.json")
    assert load_model("m.json").certificate == {"gap": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "else"}, "not a fastlogreg model file"),
        ({"format": 99}, "model format 99 was written by fastlogreg"),
        ({"coefficients": {"a": 0.1}}, "do not fit its columns"),
        ({"coefficients": {"b=q": 1, "a": 0.1}}, "do not fit its columns"),
        ({"coefficients": {"a": 1, "b=q": "x"}}, "damaged model file"),
        ({"classes": ["only"]}, "damaged model file"),
        ({"columns": [{}]}, "damaged model file"),
        ({"columns": None}, "damaged model file"),
        ({"intercept": None}, "damaged model file"),
    ],
)
def test_damaged_model_files_are_refused(folder, change, message):
    save_model(example_model(), "m.json")
    with open("m.json") as file:
        document = json.load(file)
    with open("m.json", "w") as file:
        json.dump({**document, **change}, file)
    with pytest.raises(FileError, match=message):
        load_model("m.json")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process")
def test_interrupt(folder):
    process = subprocess.Popen(
        [*COMMAND, "bench"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    process.stdout.readline()  # it is at work
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "fastlogreg: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGPIPE")
def test_reader_that_goes_away(folder):
    with open("x.csv", "w") as file:
        file.write("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20_000)))
    assert main(["fit", "x.csv", "--target", "y", "--output", "m.json"]) == 0
    process = subprocess.Popen(
        [*COMMAND, "predict", "m.json", "x.csv", "--proba"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 141
