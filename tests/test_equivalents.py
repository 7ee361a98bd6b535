"""The calls that `equivalents` writes: run, they give the model that they stand beside."""

import pickle
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from scipy import sparse

from fastlogreg import LogisticRegression, LogisticRegressionCV

# library: what has to be installed, and how near its solver comes to the optimum
LIBRARIES = {
    "scikit-learn": ("sklearn", 1e-6),
    "statsmodels": ("statsmodels", 1e-5),
    "glum": ("glum", 1e-6),
    "LIBLINEAR": ("liblinear", 1e-6),
}
FACTOR = [1.0, 2.0, 0.5, 1.0, 3.0]
BOX = {0: (0, 0.3), 2: (None, 0.1), 4: (-0.1, 0)}

# parameters of the estimator, what else fit is given, and the libraries that cannot
CASES = {
    "none": ({"C": np.inf}, "", {"LIBLINEAR"}),
    "none, weights": ({"C": np.inf}, "sample_weight", {"LIBLINEAR"}),
    "none, offset": ({"C": np.inf}, "offset", {"scikit-learn", "LIBLINEAR"}),
    "none, soft": ({"C": np.inf}, "soft", {"LIBLINEAR"}),
    "none, box": (
        {"C": np.inf, "bounds": BOX}, "",
        {"scikit-learn", "R glm", "statsmodels", "LIBLINEAR"},
    ),
    "l2": ({"C": 0.1}, "", set()),
    "l2, no intercept": ({"C": 0.1, "fit_intercept": False}, "", set()),
    "l2, factor": ({"alpha": 0.05, "penalty_factor": FACTOR}, "", {"LIBLINEAR"}),
    "l2, one factor": ({"alpha": 0.05, "penalty_factor": [2.0] * 5}, "", set()),
    "l2, standardised": (
        {"alpha": 0.05, "standardize": True}, "sample_weight offset",
        {"scikit-learn", "LIBLINEAR"},
    ),
    "l2, classes": ({"C": 0.1, "class_weight": {"yes": 2.0}}, "sample_weight", {"LIBLINEAR"}),
    "l2, balanced": ({"C": 0.1, "class_weight": "balanced"}, "", set()),
    "l1": ({"C": 0.1, "l1_ratio": 1}, "", set()),
    "l1, no intercept": ({"C": 0.1, "l1_ratio": 1, "fit_intercept": False}, "", set()),
    "l1, balanced": (
        {"alpha": 0.05, "l1_ratio": 1, "class_weight": "balanced"}, "sample_weight", {"LIBLINEAR"}
    ),
    "l1, classes": ({"C": 0.1, "l1_ratio": 1, "class_weight": {"no": 0.5}}, "", set()),
    "l1, factor": (
        {"alpha": 0.05, "l1_ratio": 1, "penalty_factor": FACTOR, "standardize": True}, "",
        {"LIBLINEAR"},
    ),
    "l1, free column": (
        {"alpha": 0.05, "l1_ratio": 1, "penalty_factor": {0: 0}}, "offset",
        {"scikit-learn", "LIBLINEAR"},
    ),
    "l1, box": (
        {"alpha": 0.02, "l1_ratio": 1, "bounds": BOX}, "",
        {"scikit-learn", "statsmodels", "LIBLINEAR"},
    ),
    "l1, soft": ({"alpha": 0.05, "l1_ratio": 1}, "soft sample_weight", {"LIBLINEAR"}),
    "elastic net": ({"C": 0.1, "l1_ratio": 0.3}, "", {"LIBLINEAR"}),
    "elastic net, standardised": (
        {"alpha": 0.05, "l1_ratio": 0.5, "standardize": True}, "soft", {"LIBLINEAR"}
    ),
    "elastic net, factor": (
        {"alpha": 0.05, "l1_ratio": 0.5, "penalty_factor": FACTOR}, "",
        {"scikit-learn", "LIBLINEAR"},
    ),
    "elastic net, box away from 0": (
        {"alpha": 0.05, "l1_ratio": 0.5, "bounds": {0: (0.1, None)}}, "",
        {"scikit-learn", "R glmnet", "statsmodels", "LIBLINEAR"},
    ),
}  # fmt: skip


def data(given=""):
    """X, y and all that a fit may be given, by the names that the calls use."""
    rng = np.random.default_rng(0)
    n = 200
    X = rng.normal(size=(n, 5)) * [1, 2, 0.5, 1, 3] + [0, 1, 0, 0, 2]
    scores = X @ [1, -0.5, 0, 0.3, 0.2]
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-scores)), "yes", "no")
    weight, offset = rng.integers(1, 4, n).astype(float), 0.5 * rng.normal(size=n)
    if "soft" in given:
        positive = 1 / (1 + np.exp(-scores - rng.normal(size=n)))
        y = np.column_stack([1 - positive, positive])
    return {"X": X, "y": y, "sample_weight": weight, "offset": offset}


def fitted(parameters, given=""):
    names = data(given)
    extra = {name: names[name] for name in ("sample_weight", "offset") if name in given}
    model = LogisticRegression(tol=1e-6, max_iter=1000, **parameters)
    return model.fit(names["X"], names["y"], **extra), names


def coefficients(code, names):
    """Run the lines in a namespace that holds nothing but the user's data."""
    namespace = dict(names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # solvers that stop at rounding say so
        exec(code, namespace)
    return np.append(namespace["coef"], namespace["intercept"])


@pytest.mark.parametrize(
    ("case", "library"),
    [
        (case, name)
        for case, (_, _, missing) in CASES.items()
        for name in LIBRARIES
        if name not in missing
    ],
)
def test_python_lines_give_the_model(case, library):
    parameters, given, _ = CASES[case]
    package, tolerance = LIBRARIES[library]
    pytest.importorskip(package)
    model, names = fitted(parameters, given)
    code = model.equivalents().calls[library]
    if library == "statsmodels" and "l1_slsqp" in code:
        pytest.importorskip("statsmodels", "0.15")
    if library == "statsmodels" and "L1_wt=0)" in code:
        tolerance = 1e-3  # as the lines say
    ours = np.append(model.coef_[0], model.intercept_[0])
    np.testing.assert_allclose(coefficients(code, names), ours, rtol=0, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_says_which_libraries_cannot_and_why(case):
    parameters, given, missing = CASES[case]
    model, _ = fitted(parameters, given)
    text = model.equivalents()
    assert set(text.missing) == missing
    libraries = {"scikit-learn", "R glmnet", "statsmodels", "glum", "LIBLINEAR"}
    if parameters.get("C") == np.inf:
        libraries |= {"R glm"}
    assert set(text.calls) | set(text.missing) == libraries
    for library, why in text.missing.items():
        assert f"# {library} cannot: {why}\n" in f"{text}\n"
    for library, code in text.calls.items():
        assert f"# {library}\n{code}\n" in f"{text}\n"
    assert max(map(len, text.splitlines())) < 110


R_DATA = """
given <- as.matrix(read.csv("{folder}/given.csv"))
X <- unname(given[, 1:5]); sample_weight <- given[, 6]; offset <- given[, 7]
y <- {y}
"""


@pytest.mark.slow
def test_r_lines_give_the_model(tmp_path):
    """All cases in one R process."""
    if not shutil.which("Rscript"):
        pytest.skip("there is no Rscript")
    if subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True).returncode:
        pytest.skip("R has no glmnet")
    names = data()
    columns = [names["X"], names["sample_weight"], names["offset"], names["y"] == "yes"]
    columns += [data("soft")["y"]]
    header = ",".join(f"c{j}" for j in range(10))
    table = np.column_stack(columns)
    np.savetxt(tmp_path / "given.csv", table, "%.17g", ",", header=header, comments="")
    script, expected = "", []
    for parameters, given, _ in CASES.values():
        model, _ = fitted(parameters, given)
        soft = "unname(given[, 9:10])"
        y = soft if "soft" in given else 'ifelse(given[, 8] == 1, "yes", "no")'
        for library, code in model.equivalents().calls.items():
            if library.startswith("R "):
                script += R_DATA.format(folder=tmp_path.as_posix(), y=y) + code.replace(
                    "\ncoef(fit)", "\ncat(format(as.numeric(coef(fit)), digits = 17), '\\n')"
                )
                ours = np.append(model.intercept_, model.coef_[0])
                expected.append(ours if model.fit_intercept or library == "R glmnet" else ours[1:])
    path = tmp_path / "all.R"
    path.write_text(script)
    done = subprocess.run(["Rscript", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [np.array(line.split(), dtype=float) for line in done.stdout.splitlines()]
    assert len(found) == len(expected) > len(CASES)
    for theirs, ours in zip(found, expected, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=2e-6)


def test_long_arrays_are_written_by_their_exceptions_or_are_the_users_own():
    names = data()
    X = np.hstack([names["X"], np.random.default_rng(1).normal(size=(200, 20))])
    few = LogisticRegression(alpha=0.05, l1_ratio=1, penalty_factor={3: 0.25, 20: 0}, tol=1e-6)
    few.fit(X, names["y"])
    code = few.equivalents().calls["R glmnet"]
    assert "penalty_factor <- rep(1.0, 25)\npenalty_factor[c(4, 21)] <- c(0.25, 0.0)\n" in code
    assert f"lambda = {0.05 * 23.25 / 25:.15g}" in code
    pytest.importorskip("glum")
    code = few.equivalents().calls["glum"]
    assert "penalty_factor[[3, 20]] = np.array([0.25, 0.0])\n" in code
    ours = np.append(few.coef_[0], few.intercept_[0])
    np.testing.assert_allclose(coefficients(code, names | {"X": X}), ours, atol=1e-6)

    wide = np.random.default_rng(1).normal(size=(200, 100))
    factor = np.linspace(0.5, 2, 100)
    many = LogisticRegression(alpha=0.1, l1_ratio=1, penalty_factor=factor, tol=1e-6)
    many.fit(wide, names["y"])
    code = many.equivalents().calls["glum"]
    assert "P1=penalty_factor" in code
    assert "penalty_factor =" not in code
    ours = np.append(many.coef_[0], many.intercept_[0])
    given = names | {"X": wide, "penalty_factor": factor}
    np.testing.assert_allclose(coefficients(code, given), ours, atol=1e-6)


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (False, True), ('a "b"\n', "ü\\"), (2.0, 3.0)])
def test_labels_of_any_kind(labels):
    names = data()
    y = np.array(labels)[(names["y"] == "yes").astype(int)]
    weight = {labels[1]: 2.0}
    model = LogisticRegression(C=0.1, tol=1e-6, class_weight=weight).fit(names["X"], y)
    ours = np.append(model.coef_[0], model.intercept_[0])
    for library, (package, tolerance) in LIBRARIES.items():
        pytest.importorskip(package)
        code = model.equivalents().calls[library]
        tolerance = 1e-3 if library == "statsmodels" else tolerance
        np.testing.assert_allclose(coefficients(code, names | {"y": y}), ours, atol=tolerance)


def test_sparse_columns_and_a_standard_deviation():
    names = data()
    X = sparse.csr_array(np.where(np.abs(names["X"]) > 0.8, names["X"], 0.0))
    model = LogisticRegression(alpha=0.02, l1_ratio=1, standardize=True, tol=1e-6)
    model.fit(X, names["y"])
    code = model.equivalents().calls["scikit-learn"]
    ours = np.append(model.coef_[0], model.intercept_[0])
    np.testing.assert_allclose(coefficients(code, names | {"X": X}), ours, atol=1e-6)


def test_after_cross_validation():
    names = data()
    options = {"scoring": "neg_log_loss", "use_legacy_attributes": False, "tol": 1e-6}
    model = LogisticRegressionCV(Cs=[0.01, 0.1, 1.0], l1_ratios=(0.5, 1), cv=3, **options)
    model.fit(names["X"], names["y"])
    code = model.equivalents().calls["scikit-learn"]
    assert f"C={model.C_!r}, l1_ratio={model.l1_ratio_!r}" in code
    ours = np.append(model.coef_[0], model.intercept_[0])
    np.testing.assert_allclose(coefficients(code, names), ours, atol=1e-6)
    model.set_params(refit=False).fit(names["X"], names["y"])
    with pytest.raises(ValueError, match="refit=False"):
        model.equivalents()


def test_reads_well_and_keeps():
    model, _ = fitted({"C": 0.1, "l1_ratio": 1})
    text = model.equivalents()
    assert repr(text) == str(text)
    assert text.startswith("# Minimises the mean log loss + 0.05 * sum_j |b_j|. The same model")
    again = pickle.loads(pickle.dumps(text))
    assert again == text
    assert again.calls == text.calls


def test_describes_the_fit_that_was_made():
    with pytest.raises(ValueError, match="not fitted"):
        LogisticRegression().equivalents()
