"""The estimator with ``penalty='firth'``."""

import pickle
import shutil
import subprocess
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import ConvergenceWarning, FirthResult, LogisticRegression


@pytest.fixture
def separated():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    X[:, 0] = rng.random(80) < 0.2
    labels = np.where((rng.random(80) < 0.4) | (X[:, 0] == 1), "yes", "no")
    return X, labels


def firth_of(X, labels, **arguments):
    return fastlogreg.firth(X, labels == "yes", tol=1e-9, **arguments)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
def test_it_is_the_function(separated, kind):
    X, labels = separated
    weight, offset = 1.0 + np.arange(80) % 2, np.linspace(-1, 1, 80)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(penalty="firth", tol=1e-7)
        model.fit(kind(X), labels, weight, offset=offset)
    result = firth_of(X, labels, sample_weight=weight, offset=offset)
    np.testing.assert_allclose(model.coef_, [result.coef], rtol=0, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, [result.intercept], rtol=0, atol=1e-8)
    assert isinstance(model.firth_, FirthResult)
    np.testing.assert_allclose(model.firth_.standard_errors, result.standard_errors, rtol=1e-7)
    assert model.objective_ == pytest.approx(-result.penalised_loglik / weight.sum(), rel=1e-12)
    assert model.converged_
    assert model.solver_ == "firth"
    assert model.stop_reason_ == model.firth_.stop_reason
    assert model.n_iter_.tolist() == [model.firth_.n_iter]
    assert model.certificate_ is None
    assert model.predict_proba(X).shape == (80, 2)
    assert 0.5 < model.score(X, labels, offset=offset) <= 1.0


def test_class_weights_float32_and_no_intercept(separated):
    X, labels = separated
    model = LogisticRegression(
        penalty="firth", class_weight={"yes": 2.0}, fit_intercept=False, tol=1e-7
    ).fit(X.astype(np.float32), labels)
    result = firth_of(
        X.astype(np.float32), labels, sample_weight=1.0 + (labels == "yes"), fit_intercept=False
    )
    assert model.coef_.dtype == np.float32
    np.testing.assert_allclose(model.coef_, [result.coef], rtol=1e-6)
    np.testing.assert_array_equal(model.intercept_, 0.0)


def test_soft_targets(separated):
    X, _ = separated
    share = np.random.default_rng(1).random(80)
    model = LogisticRegression(penalty="firth").fit(X, np.column_stack([1 - share, share]))
    np.testing.assert_allclose(model.coef_, [fastlogreg.firth(X, share).coef], rtol=1e-6)


def test_a_later_fit_forgets(separated):
    X, labels = separated
    model = LogisticRegression(penalty="firth", warm_start=True).fit(X, labels)
    first = model.n_iter_[0]
    assert model.fit(X, labels).n_iter_[0] < first
    model.set_params(penalty="l2").fit(X, labels)
    assert not hasattr(model, "firth_")
    assert model.certificate_.verify(X, labels)
    model.set_params(penalty="firth").fit(X, labels)
    assert model.certificate_ is None


def test_it_holds_no_data(separated):
    X, labels = separated
    model = LogisticRegression(penalty="firth").fit(np.tile(X, (50, 1)), np.tile(labels, 50))
    assert len(pickle.dumps(model)) < 5_000
    with pytest.raises(ValueError, match=r"call fastlogreg.firth\(X, y, ...\)"):
        model.firth_.interval()


@pytest.fixture
def three():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((90, 2))
    z = X @ [[1.0, 0.0, -1.0], [0.5, -1.0, 0.5]] + rng.gumbel(size=(90, 3))
    return X, np.array(["low", "middle", "high"])[z.argmax(axis=1)]


@pytest.mark.parametrize("reference", [None, "low"])
def test_many_classes(three, reference):
    X, labels = three
    weight, offset = 1.0 + np.arange(90) % 2, np.linspace(-1, 1, 270).reshape(90, 3)
    model = LogisticRegression(penalty="firth", tol=1e-7, reference_class=reference)
    model.fit(X, labels, weight, offset=offset)
    classes, codes = np.unique(labels, return_inverse=True)
    result = fastlogreg.firth(
        X, codes, n_classes=3, sample_weight=weight, offset=offset, tol=1e-9,
        reference_class=None if reference is None else classes.tolist().index(reference),
    )  # fmt: skip
    np.testing.assert_allclose(model.coef_, result.coef, rtol=0, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, result.intercept, rtol=0, atol=1e-8)
    assert model.objective_ == pytest.approx(-result.penalised_loglik / weight.sum(), rel=1e-12)
    assert model.firth_.standard_errors.shape == (3, 3)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, rtol=1e-12)


def test_probabilities_of_many_classes(three):
    X, _ = three
    share = np.random.default_rng(1).dirichlet([1.0, 2.0, 3.0], 90)
    model = LogisticRegression(penalty="firth").fit(X, share)
    np.testing.assert_allclose(model.coef_, fastlogreg.firth(X, share).coef, rtol=1e-5, atol=1e-7)


def test_one_against_the_rest_is_refused(three):
    with pytest.raises(ValueError, match=r"multi_class='ovr' does not go with penalty='firth'"):
        LogisticRegression(penalty="firth", multi_class="ovr").fit(*three)


@pytest.mark.parametrize("name", ["separated", "three"])
def test_json_and_scikit_learn(name, request):
    X, labels = request.getfixturevalue(name)
    model = LogisticRegression(penalty="firth").fit(X, labels)
    again = LogisticRegression.from_json(model.to_json())
    np.testing.assert_array_equal(again.coef_, model.coef_)
    np.testing.assert_array_equal(again.firth_.covariance, model.firth_.covariance)
    assert again.firth_.step == model.firth_.step
    assert again.certificate_ is None
    assert str(again.equivalents()) == str(model.equivalents())
    other = model.to_sklearn()
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), rtol=1e-12)
    assert np.isinf(other.C)  # the nearest that scikit-learn has
    with pytest.raises(ValueError, match="damaged estimator file"):
        LogisticRegression.from_json(model.to_json().replace("score_norm", "scores"))


@pytest.mark.parametrize(
    "odd",
    [
        {"C": 2.0}, {"alpha": 0.1}, {"l1_ratio": 0.5}, {"bounds": (0, None)},
        {"penalty_factor": np.ones(3)}, {"solver": "proximal"}, {"solver": "dual"},
        {"grouped": True},
    ],
)  # fmt: skip
def test_parameters_at_odds_are_named(separated, odd):
    (name,) = odd
    with pytest.raises(ValueError, match=rf"{name}=.* does not go with penalty='firth': leave it"):
        LogisticRegression(penalty="firth", **odd).fit(*separated)


@pytest.mark.parametrize("even", [{"C": np.inf}, {"solver": "liblinear"}, {"standardize": True}])
def test_parameters_that_change_nothing(separated, even):
    X, labels = separated
    plain = LogisticRegression(penalty="firth").fit(X, labels)
    other = LogisticRegression(penalty="firth", **even).fit(X, labels)
    np.testing.assert_array_equal(plain.coef_, other.coef_)


def test_an_early_stop_is_told(separated):
    with pytest.warns(ConvergenceWarning, match=r"standard errors long.*max_iter \(now 1\)") as w:
        LogisticRegression(penalty="firth", max_iter=1).fit(*separated)
    assert w[0].filename == __file__


def test_values_that_are_not_finite_are_scikit_learns_error(separated):
    X, labels = separated
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        LogisticRegression(penalty="firth").fit(X, labels)


class Watcher:
    """A callback that counts the beginnings and ends of tasks."""

    def setup(self, estimator, context):
        self.begun = self.ended = 0

    def on_fit_task_begin(self, estimator, context):
        self.begun += 1

    def on_fit_task_end(self, estimator, context):
        self.ended += 1

    def teardown(self, estimator, context):
        pass


def test_callbacks_are_told_of_the_fit(separated):
    watcher = Watcher()
    plain = LogisticRegression(penalty="firth").fit(*separated)
    model = LogisticRegression(penalty="firth").set_callbacks(watcher).fit(*separated)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    assert watcher.begun == watcher.ended > 0


# ---------------------------------------------------------------------- the same elsewhere

CASES = {
    "plain": ({}, "", set()),
    "weights, offset": ({}, "sample_weight offset", set()),
    "classes": ({"class_weight": {"yes": 2.0}}, "sample_weight", set()),
    "no intercept": ({"fit_intercept": False}, "", set()),
    "soft": ({}, "soft", {"firthmodels"}),
}


def case(separated, name):
    parameters, extra, cannot = CASES[name]
    X, labels = separated
    given = {}
    if "sample_weight" in extra:
        given["sample_weight"] = 1.0 + np.arange(80) % 3
    if "offset" in extra:
        given["offset"] = np.linspace(-1, 1, 80)
    y = labels
    if "soft" in extra:
        share = np.random.default_rng(1).random(80)
        y = np.column_stack([1 - share, share])
    model = LogisticRegression(penalty="firth", tol=1e-7, **parameters).fit(X, y, **given)
    return model, X, y, given, cannot


@pytest.mark.parametrize("name", CASES)
def test_equivalents(separated, name):
    model, _, _, given, cannot = case(separated, name)
    text = model.equivalents()
    assert text.startswith("# Maximises Firth's penalised likelihood")
    assert set(text.missing) == cannot
    assert set(text.calls) == {"R brglm2", "firthmodels"} - cannot
    for code in text.calls.values():
        assert ("offset" in code) == ("offset" in given)


def in_r(y, given):
    """Lines of R that make the user's arrays."""
    columns = {f"y{k}": column for k, column in enumerate(y.T)} if y.ndim == 2 else {}
    arrays = {
        name: f"c({', '.join(format(value, '.17g') for value in values)})"
        for name, values in (given | columns).items()
    }
    arrays["y"] = "cbind(y0, y1)" if columns else "c({})".format(", ".join(f'"{v}"' for v in y))
    return [f"{name} <- {array}" for name, array in arrays.items()]


def test_equivalents_of_many_classes(three):
    X, labels = three
    model = LogisticRegression(penalty="firth").fit(X, labels)
    assert set(model.equivalents().calls) == {"R brglm2"}
    assert "two classes" in model.equivalents().missing["firthmodels"]
    model.fit(X, labels, offset=np.zeros((90, 3)))
    assert "no offset" in model.equivalents().missing["R brglm2"]


def test_brglm2_gives_the_same(separated, three, tmp_path):
    if shutil.which("Rscript") is None or subprocess.run(
        ["Rscript", "-e", "library(brglm2)"], capture_output=True, check=False
    ).returncode:  # fmt: skip
        pytest.skip("needs R with brglm2")
    np.savetxt(tmp_path / "X.csv", separated[0], delimiter=",", fmt="%.17g")
    lines = [f'X <- unname(as.matrix(read.csv("{tmp_path}/X.csv", header = FALSE)))']
    expected = []
    for name in CASES:
        model, _, y, given, _ = case(separated, name)
        expected += [] if not model.fit_intercept else model.intercept_.tolist()
        expected += model.coef_[0].tolist()
        lines += [*in_r(y, given), model.equivalents().calls["R brglm2"]]
        lines.append(r'cat("\n@", sprintf("%.12g", coef(fit)), "\n")')
    X, labels = three
    model = LogisticRegression(penalty="firth", tol=1e-7, reference_class="low")
    model.fit(X, labels, np.arange(1.0, 91.0))
    np.savetxt(tmp_path / "X3.csv", X, delimiter=",", fmt="%.17g")
    lines.append(f'X <- unname(as.matrix(read.csv("{tmp_path}/X3.csv", header = FALSE)))')
    lines += in_r(labels, {"sample_weight": np.arange(1.0, 91.0)})
    lines += [model.equivalents().calls["R brglm2"]]
    lines.append(r'cat("\n@", sprintf("%.12g", t(coef(fit))), "\n")')
    for k, label in enumerate(model.classes_):
        expected += [] if label == "low" else [model.intercept_[k], *model.coef_[k]]
    script = tmp_path / "fit.R"
    script.write_text("\n".join(lines))
    done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=True)
    marked = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("@")]
    theirs = [float(word) for line in marked for word in line]
    np.testing.assert_allclose(expected, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_firth_in_the_place_of_a_separated_fit_answers_like_firth(classes):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % classes
    X[:, 0] = np.where(y == 1, 1.0, -1.0) * (1.0 + np.abs(X[:, 0]))
    model = LogisticRegression(C=np.inf, separation="firth").fit(X, y)
    asked = LogisticRegression(penalty="firth").fit(X, y)
    ours, theirs = model.inference(X, y), asked.inference(X, y)
    np.testing.assert_allclose(ours.params, theirs.params, rtol=1e-4)
    assert ours.notes == theirs.notes
    with pytest.raises(ValueError, match=r"fastlogreg\.firth gives"):
        ours.conf_int()
    ends = ours.conf_int(method="bootstrap", n_boot=20)
    np.testing.assert_allclose(ends, theirs.conf_int(method="bootstrap", n_boot=20), rtol=1e-6)
    assert model.equivalents() == asked.equivalents()
    again = LogisticRegression.from_json(model.to_json())
    assert again.equivalents() == asked.equivalents()
    for one in (model, again):
        np.testing.assert_array_equal(one.firth_.standard_errors, asked.firth_.standard_errors)
        assert (one.objective_, one.stop_reason_) == (asked.objective_, asked.stop_reason_)
    model.set_params(C=1.0).fit(X, y)
    assert not hasattr(model, "firth_")


def test_firth_in_the_place_of_a_separated_fit_says_how_it_ended():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    X[:, 0] = np.where(y == 1, 1.0, -1.0) * (1.0 + np.abs(X[:, 0]))
    for scheme in ("auto", "ovr"):
        model = LogisticRegression(C=np.inf, separation="firth", tol=1e-10, multi_class=scheme)
        assert model.fit(X, y).firth_.step < 1e-11
    model = LogisticRegression(C=np.inf, separation="firth", max_iter=1)
    with pytest.warns(ConvergenceWarning, match="standard errors long"):
        assert not model.fit(X, y).converged_
    classes = np.where((X[:, 1] > 0) & (y == 0), 2, y)
    model.set_params(multi_class="ovr")
    with warnings.catch_warnings(record=True, action="always") as told:
        model.fit(X, classes)
    assert model.solver_[1] == "firth"
    assert "Class 1 against the rest" in str(told[1].message)
    assert "standard errors long" in str(told[1].message)


def test_equivalents_of_classes_of_which_one_is_firths():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(90, 2)), np.arange(90) % 3
    X[:, 0] = np.where(y == 1, 1.0, -1.0) * (1.0 + np.abs(X[:, 0]))
    model = LogisticRegression(C=np.inf, multi_class="ovr", separation="firth").fit(X, y)
    assert sorted(set(model.solver_)) != ["firth"]
    again = LogisticRegression.from_json(model.to_json())
    for one in (model, again):
        assert [firth is not None for firth in one.firth_] == [s == "firth" for s in one.solver_]
        np.testing.assert_array_equal(one.firth_[1].coef, one.coef_[1])
    text = model.equivalents()
    assert text.startswith("# For each class against the rest")
    assert "by Firth" in text.splitlines()[0]
    assert not text.calls
    assert set(text.missing) == {"R brglm2", "firthmodels"}
