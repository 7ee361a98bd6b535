"""`fastlogreg path`: its table, its files and its picture."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from common.commands import refusal
from fastlogreg import logistic_path
from fastlogreg.cli import main


def flowers(n=200, seed=0):
    """X (length, colour, noise columns) at very different scales, and y."""
    rng = np.random.default_rng(seed)
    length, red = 100 * rng.standard_normal(n), rng.random(n) < 0.4
    noise = 0.01 * rng.standard_normal((n, 3))
    y = rng.random(n) < 1 / (1 + np.exp(-(length / 50 + red - 0.5)))
    return np.column_stack([length, red, noise]), y


NAMES = ["length", "colour=red", "n1", "n2", "n3"]


@pytest.fixture
def flowers_csv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = flowers()
    with open("flowers.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["length", "colour", "n1", "n2", "n3", "weight", "open"])
        for i, row in enumerate(X.tolist()):
            label = "yes" if y[i] else "no"
            writer.writerow([row[0], "red" if row[1] else "blue", *row[2:], 1 + i % 3, label])
    return "flowers.csv"


def run(capsys, *argv):
    assert main(["path", *argv]) == 0
    return capsys.readouterr().out


def test_prints_twenty_models_and_what_enters(flowers_csv, capsys):
    out = run(capsys, flowers_csv, "--target", "open", "--drop", "weight", "--n-alphas", "90")
    X, y = flowers()
    path = logistic_path(X, y, n_alphas=90, standardize=True)
    head, table = out.split("\n\n")
    assert f"{len(path.alphas)} models" in head
    assert "200 rows, 5 features" in head
    assert path.stop_reason in head
    titles, *rows = table.splitlines()
    assert titles.split()[:4] == ["alpha", "columns", "explained", "gap"]
    assert len(rows) == 20
    assert rows[0].split() == [f"{path.alphas[0]:.3g}", "0", "0.0000", f"{path.gaps[0]:.0e}"]
    last = rows[-1].split()
    assert last[:3] == [f"{path.alphas[-1]:.3g}", str(path.df[-1]), f"{path.dev_ratio[-1]:.4f}"]
    first_entry = next(row for row in rows if row.split()[1] != "0")
    assert first_entry.split()[4] == "length"
    for name in NAMES:
        assert sum(name in row for row in rows) >= 1


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ([], {"standardize": True}),
        (["--no-standardize", "--l1-ratio", "0.5"], {"l1_ratio": 0.5}),
        (["--eps", "0.1", "--no-intercept"],
         {"eps": 0.1, "standardize": True, "fit_intercept": False}),
        (["--weight", "weight"], {"standardize": True, "sample_weight": 1.0 + np.arange(200) % 3}),
        (["--positive", "no"], {"standardize": True, "flip": True}),
        (["--l1-ratio", "0"], {"standardize": True, "l1_ratio": 0.0}),
    ],
)  # fmt: skip
def test_files_hold_the_path(flowers_csv, capsys, options, settings):
    argv = [flowers_csv, "--target=open", "--n-alphas=30", "--tol=1e-9", *options]
    if "--weight" not in options:
        argv += ["--drop", "weight"]
    run(capsys, *argv, "--output", "path.csv")
    assert "written to path.json" in run(capsys, *argv, "--output", "path.json")
    X, y = flowers()
    y = ~y if settings.pop("flip", False) else y
    path = logistic_path(X, y, n_alphas=30, tol=1e-9, **settings)

    with open("path.csv", newline="") as file:
        header, *rows = csv.reader(file)
    values = np.array(rows, dtype=float)
    assert header == ["alpha", "C", "df", "dev_ratio", "objective", "gap", "intercept", *NAMES]
    np.testing.assert_allclose(values[:, 0], path.alphas, rtol=1e-12)
    np.testing.assert_array_equal(values[:, 2], path.df)
    np.testing.assert_allclose(values[:, 4], path.objectives, rtol=1e-9)
    assert (values[:, 5] <= 1e-9).all()
    np.testing.assert_allclose(values[:, 7:], path.coefs, rtol=1e-3, atol=1e-6)

    with open("path.json") as file:
        document = json.load(file)
    assert document["columns"] == NAMES
    assert document["standardize"] is bool(settings.get("standardize"))
    assert document["stop_reason"] == path.stop_reason
    assert set(document["classes"]) == {"yes", "no"}
    for model, row in zip(document["models"], values, strict=True):
        assert [model["alpha"], model["df"], model["intercept"]] == [row[0], row[2], row[6]]
        expected = {name: v for name, v in zip(NAMES, row[7:], strict=True) if v != 0}
        assert model["coefficients"] == expected


def test_reads_libsvm_files(tmp_path, monkeypatch, capsys):
    from sklearn.datasets import dump_svmlight_file

    monkeypatch.chdir(tmp_path)
    X, y = flowers()
    dump_svmlight_file(X, y.astype(int), "flowers.svm", zero_based=False)
    out = run(capsys, "flowers.svm", "--n-alphas", "10", "--output", "path.json")
    assert "200 rows, 5 features" in out
    with open("path.json") as file:
        document = json.load(file)
    assert document["target"] is None
    path = logistic_path(X, y, n_alphas=10, standardize=True)
    assert document["models"][-1]["coefficients"] == {
        str(j + 1): pytest.approx(v, rel=1e-2) for j, v in enumerate(path.coefs[-1]) if v
    }


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--target", "opne"], "did you mean 'open'?"),
        (["--target", "open", "--output", "path.txt"], "path.txt: a path is written as .json"),
        (["--target", "open", "--output", "no/path.json"], "no/path.json: cannot be written"),
        (["--target", "open", "--picture", "no/path.png"], "no/path.png: cannot be written"),
        (["--target", "open", "--picture", "path.docx"], "path.docx: "),
    ],
)
def test_refuses_in_one_line(flowers_csv, capsys, options, text):
    if "--picture" in options:
        pytest.importorskip("matplotlib")
    assert text in refusal(capsys, "path", flowers_csv, *options)


def test_the_picture_needs_matplotlib(flowers_csv, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    err = refusal(capsys, "path", flowers_csv, "--target", "open", "--picture", "path.png")
    assert "drawing needs matplotlib (pip install matplotlib)" in err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--l1-ratio", "1.5"), ("--eps", "1"), ("--eps", "0"), ("--n-alphas", "0"), ("--tol", "-1")],
)
def test_wrong_numbers_are_named(flowers_csv, capsys, option, value):
    with pytest.raises(SystemExit) as stop:
        main(["path", flowers_csv, "--target", "open", option, value])
    assert stop.value.code == 2
    assert f"argument {option}: invalid" in capsys.readouterr().err


def test_a_single_model(flowers_csv, capsys):
    out = run(capsys, flowers_csv, "--target", "open", "--n-alphas", "1")
    assert "1 models" not in out
    assert "1 model in" in out


def test_draws_the_path(flowers_csv, capsys):
    pytest.importorskip("matplotlib")
    out = run(capsys, flowers_csv, "--target", "open", "--picture", "path.png")
    assert out.endswith("written to path.png\n")
    with open("path.png", "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
def test_the_command_needs_no_matplotlib_without_a_picture(flowers_csv):
    """Nor does it import it."""
    code = (
        "import sys; from fastlogreg.cli import main; "
        f"status = main(['path', {flowers_csv!r}, '--target', 'open']); "
        "assert 'matplotlib' not in sys.modules; sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
