"""The calls that `equivalents` writes for many classes: run, they give the model."""

import shutil
import subprocess
import warnings

import numpy as np
import pytest

from fastlogreg import LogisticRegression

FACTOR = [1.0, 2.0, 0.5, 1.0]
EVERY = {"scikit-learn", "R glmnet", "R nnet", "statsmodels", "glum", "LIBLINEAR"}
OVR = {"R glmnet", "statsmodels", "glum"}

# parameters of the estimator, what else fit is given, and the libraries that can
CASES = {
    "none": ({"C": np.inf}, "", {"scikit-learn", "R glmnet", "R nnet", "statsmodels"}),
    "none, reference": (
        {"C": np.inf, "reference_class": "b"}, "", {"scikit-learn", "R nnet", "statsmodels"}
    ),
    "none, weights": (
        {"C": np.inf, "class_weight": {"a": 2.0}}, "sample_weight",
        {"scikit-learn", "R glmnet", "R nnet"},
    ),
    "none, no intercept": (
        {"C": np.inf, "fit_intercept": False}, "",
        {"scikit-learn", "R glmnet", "R nnet", "statsmodels"},
    ),
    "l2": ({"C": 0.1}, "", {"scikit-learn", "R glmnet"}),
    "l2, reference": ({"C": 0.1, "reference_class": "b"}, "", set()),
    "l2, no intercept": ({"C": 0.1, "fit_intercept": False}, "", {"scikit-learn", "R glmnet"}),
    "l2, factor": ({"alpha": 0.05, "penalty_factor": FACTOR}, "", {"scikit-learn", "R glmnet"}),
    "l2, standardised": ({"alpha": 0.05, "standardize": True}, "", {"scikit-learn", "R glmnet"}),
    "l2, balanced": (
        {"C": 0.1, "class_weight": "balanced"}, "sample_weight", {"scikit-learn", "R glmnet"}
    ),
    "l2, soft": ({"C": 0.1}, "soft", {"scikit-learn", "R glmnet"}),
    "l2, offset": ({"C": 0.1}, "offset", {"R glmnet"}),
    "l1": ({"C": 0.1, "l1_ratio": 1}, "", {"scikit-learn", "R glmnet"}),
    "l1, grouped": ({"C": 0.1, "l1_ratio": 1, "grouped": True}, "", {"R glmnet"}),
    "l1, box": ({"C": 0.1, "l1_ratio": 1, "bounds": {0: (-0.1, 0.1)}}, "", {"R glmnet"}),
    "elastic net": ({"C": 0.1, "l1_ratio": 0.3}, "", {"scikit-learn", "R glmnet"}),
    "ovr": ({"C": 0.1, "multi_class": "ovr"}, "", {"scikit-learn", "LIBLINEAR"}),
    "ovr, l1": ({"C": 0.1, "multi_class": "ovr", "l1_ratio": 1}, "", {"scikit-learn", "LIBLINEAR"}),
    "ovr, balanced": (
        {"C": 0.1, "multi_class": "ovr", "class_weight": "balanced"}, "", {"scikit-learn"}
    ),
    "ovr, offset": ({"C": 0.1, "multi_class": "ovr"}, "offset", set()),
}  # fmt: skip
PYTHON = {"scikit-learn": ("sklearn", 2e-6), "statsmodels": ("statsmodels", 1e-6),
          "LIBLINEAR": ("liblinear", 1e-6)}  # fmt: skip


def data(given=""):
    """X, y and all that a fit may be given, by the names that the calls use."""
    rng = np.random.default_rng(0)
    n = 150
    X = rng.normal(size=(n, 4)) * [1, 2, 0.5, 1]
    scores = X @ rng.normal(size=(4, 3)) * 0.7 + [0.5, 0, 0]
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    codes = (share.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    weight, offset = rng.integers(1, 4, n).astype(float), 0.5 * rng.normal(size=(n, 3))
    y = share if "soft" in given else np.array(["a", "b", "c"])[codes]
    return {"X": X, "y": y, "sample_weight": weight, "offset": offset}


def fitted(parameters, given=""):
    names = data(given)
    extra = {name: names[name] for name in ("sample_weight", "offset") if name in given}
    model = LogisticRegression(tol=1e-6, max_iter=1000, **parameters)
    return model.fit(names["X"], names["y"], **extra), names


@pytest.mark.parametrize(
    ("case", "library"), [(case, lib) for case in CASES for lib in CASES[case][2] & set(PYTHON)]
)
def test_python_lines_give_the_model(case, library):
    package, tolerance = PYTHON[library]
    pytest.importorskip(package)
    model, names = fitted(*CASES[case][:2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # solvers that stop at rounding say so
        exec(model.equivalents().calls[library], names)
    np.testing.assert_allclose(names["coef"], model.coef_, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        names["intercept"] * np.ones(3), model.intercept_, rtol=0, atol=tolerance
    )


@pytest.mark.parametrize("case", CASES)
def test_says_which_libraries_cannot_and_why(case):
    parameters, given, can = CASES[case]
    model, _ = fitted(parameters, given)
    text = model.equivalents()
    libraries = EVERY if parameters.get("C") == np.inf else EVERY - {"R nnet"}
    assert set(text.calls) == can
    assert set(text.missing) == libraries - can
    for library, why in text.missing.items():
        assert f"# {library} cannot: {why}\n" in f"{text}\n"
    assert max(map(len, text.splitlines())) < 110
    apart = "multi_class" in parameters
    assert text.startswith("# For each class against" if apart else "# Minimises the mean")


R_DATA = """
given <- as.matrix(read.csv("{folder}/given.csv"))
X <- unname(given[, 1:4]); sample_weight <- given[, 5]; offset <- unname(given[, 6:8])
y <- {y}
"""
R_SHOW = {  # the rows of all classes, intercept first
    "R glmnet": "cat(sapply(coef(fit), function(b) format(as.numeric(b), digits = 17)), '\\n')",
    "R nnet": "cat(format(t(coef(fit)), digits = 17), '\\n')",
}


@pytest.mark.slow
def test_r_lines_give_the_model(tmp_path):
    """All cases in one R process."""
    if not shutil.which("Rscript"):
        pytest.skip("there is no Rscript")
    for package in ("glmnet", "nnet"):
        if subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True).returncode:
            pytest.skip(f"R has no {package}")
    names, soft = data(), data("soft")["y"]
    codes = np.searchsorted(["a", "b", "c"], names["y"])
    columns = [names["X"], names["sample_weight"], names["offset"], codes + 1, soft]
    header = ",".join(f"c{j}" for j in range(12))
    np.savetxt(
        tmp_path / "given.csv", np.column_stack(columns), "%.17g", ",", header=header, comments=""
    )
    script, expected = "", []
    for case, (parameters, given, _) in CASES.items():
        model, _ = fitted(parameters, given)
        y = "unname(given[, 10:12])" if "soft" in given else 'c("a", "b", "c")[given[, 9]]'
        for library, code in model.equivalents().calls.items():
            if library not in R_SHOW:
                continue
            script += R_DATA.format(folder=tmp_path.as_posix(), y=y)
            script += code.replace("\ncoef(fit)", f"\n{R_SHOW[library]}\n")
            rows = np.column_stack([model.intercept_, model.coef_])
            if library == "R nnet":
                first = "abc".index(parameters.get("reference_class", "a"))
                rows = np.delete(rows - rows[first], first, axis=0)
                rows = rows if model.fit_intercept else rows[:, 1:]
            expected.append((f"{case}, {library}", rows.ravel()))
    path = tmp_path / "all.R"
    path.write_text(script)
    done = subprocess.run(["Rscript", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [np.array(line.split(), dtype=float) for line in done.stdout.splitlines()]
    assert len(found) == len(expected) > 12
    for theirs, (what, ours) in zip(found, expected, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=5e-6, err_msg=what)
