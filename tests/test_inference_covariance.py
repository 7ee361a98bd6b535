"""Estimates and their covariances against plain NumPy: derivatives, weights, layouts, memory."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.inference import Plain, differences, numbers_of_classes, opened, problem
from fastlogreg.inference.likelihood import Likelihood

KINDS = ("HC0", "HC1", "HC2", "HC3")


# ---------------------------------------------------------------------- the likelihood


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array])
def test_derivatives(classes, kind):
    X, y, given = problem(classes)
    targets = y.astype(np.uint8) if classes == 2 else np.eye(classes)[y]
    likelihood = Likelihood(kind(X), targets, *given.values(), True, 1)
    theta = np.random.default_rng(1).normal(size=likelihood.size) * 0.1
    loglik, score, information = likelihood.evaluate(theta)
    plain = Plain(X, y, *given.values(), classes)
    assert loglik == pytest.approx(plain.loglik(theta), rel=1e-12)
    assert likelihood.loglik(theta) == pytest.approx(loglik, rel=1e-14)
    np.testing.assert_allclose(score, differences(plain.loglik, theta), rtol=1e-6, atol=1e-5)
    by_score = -differences(lambda t: likelihood.evaluate(t)[1], theta)
    np.testing.assert_allclose(information, by_score, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(information, plain.information(theta), rtol=1e-10, atol=1e-8)


def test_two_classes_are_a_softmax_of_two():
    X, y, given = problem(2)
    offset = given["offset"][:, None] * [0.0, 1.0]
    binary = Likelihood(X, y.astype(np.uint8), *given.values(), True, 1)
    softmax = Likelihood(X, np.eye(2)[y], given["sample_weight"], offset, True, 1)
    theta = np.array([0.3, -0.2, 0.01, 0.4])
    for ours, other in zip(binary.evaluate(theta), softmax.evaluate(theta), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------------- estimates, covariances


@numbers_of_classes
def test_estimates_and_covariance(classes):
    inference, plain = opened(classes)
    theta = inference.params.ravel()
    information = plain.information(theta)
    score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)
    assert np.abs(score / np.sqrt(np.diag(information))).max() <= 1e-10
    covariance = np.linalg.inv(information)
    np.testing.assert_allclose(inference.cov_params(), covariance, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(inference.bse.ravel() ** 2, np.diag(covariance), rtol=1e-9)
    assert inference.loglik == pytest.approx(plain.loglik(theta), rel=1e-12)
    assert inference.df == len(theta)
    assert inference.nobs == plain.s.sum()


def sandwich(plain, theta, kind, weights, n):
    W, rows = plain.curvatures(theta)
    V = np.linalg.inv(plain.information(theta))
    of_one = plain.s if weights == "sampling" else np.ones_like(plain.s)
    residual = (plain.Y - plain.probabilities(theta))[:, 1:]
    meat = np.zeros_like(V)
    for i in range(len(residual)):
        r = residual[i]
        if kind in ("HC2", "HC3"):
            H = of_one[i] * W[i] @ rows[i].T @ V @ rows[i]
            values, vectors = np.linalg.eig(np.eye(plain.m) - H)
            power = values ** (-0.5 if kind == "HC2" else -1.0)
            r = (vectors * power @ np.linalg.inv(vectors) @ r).real
        u = rows[i] @ r
        meat += (plain.s[i] if weights == "frequency" else plain.s[i] ** 2) * np.outer(u, u)
    return V @ meat @ V * (n / (n - len(V)) if kind == "HC1" else 1.0)


@pytest.mark.parametrize("weights", ["frequency", "sampling"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3])
def test_robust_covariance(kind, classes, weights):
    X, y, given = problem(classes)
    inference = fastlogreg.Inference(X, y, **given, weights=weights, covariance=kind)
    plain = Plain(X, y, *given.values(), classes)
    expected = sandwich(plain, inference.params.ravel(), kind, weights, inference.nobs)
    np.testing.assert_allclose(inference.cov_params(), expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(inference.bse.ravel(), np.sqrt(np.diag(expected)), rtol=1e-8)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("count", [3, 17, 160], ids="{} clusters".format)
def test_clustered_covariance(classes, count, monkeypatch):
    """In blocks so small that clusters lie across them."""
    from fastlogreg.inference import covariance, likelihood

    monkeypatch.setattr(covariance, "_BLOCK", 64)
    monkeypatch.setattr(likelihood, "_BLOCK", 64)
    X, y, given = problem(classes)
    groups = np.array([f"clinic {code}" for code in np.arange(len(y)) * 7 % count])
    inference = fastlogreg.Inference(X, y, **given, covariance="cluster", groups=groups)
    plain = Plain(X, y, *given.values(), classes)
    theta = inference.params.ravel()
    scores = plain.s[:, None] * plain.scores(theta)
    sums = np.array([scores[groups == name].sum(axis=0) for name in np.unique(groups)])
    V = np.linalg.inv(plain.information(theta))
    expected = V @ sums.T @ sums @ V * count / (count - 1)
    np.testing.assert_allclose(inference.cov_params(), expected, rtol=1e-7, atol=1e-12)


def everything(inference):
    """The figures that do not belong to single rows."""
    out = {name: getattr(inference, name) for name in (
        "params", "bse", "zvalues", "pvalues", "loglik", "loglik_null", "aic", "aicc", "bic",
        "deviance", "deviance_null", "df_residual", "nobs",
    )}  # fmt: skip
    out |= {kind: inference.cov_params(kind) for kind in KINDS}
    out |= {"profile": inference.conf_int(method="profile"), "lr": inference.lr_test(),
            "score": inference.score_test(["x0", 2]), "wald": inference.wald_test(drop="x1"),
            "margins": np.asarray(inference.marginal_effects()),
            "at the mean": np.asarray(inference.marginal_effects("mean")),
            "r2": inference.pseudo_r2("nagelkerke")}  # fmt: skip
    return out


@pytest.mark.parametrize("classes", [2, 3])
def test_frequency_weights_are_repeats(classes):
    X, y, given = problem(classes)
    times = given["sample_weight"].astype(int)
    once = everything(fastlogreg.Inference(X, y, **given))
    offset = np.repeat(given["offset"], times, axis=0)
    repeated = fastlogreg.Inference(np.repeat(X, times, axis=0), np.repeat(y, times), offset=offset)
    for name, value in everything(repeated).items():
        np.testing.assert_allclose(once[name], value, rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("classes", [2, 3])
def test_sampling_weights_have_no_scale(classes):
    X, y, given = problem(classes)
    given["weights"] = "sampling"
    one = fastlogreg.Inference(X, y, **given)
    given["sample_weight"] = 1000.0 * given["sample_weight"]
    other = fastlogreg.Inference(X, y, **given)
    np.testing.assert_allclose(one.bse, other.bse, rtol=1e-9)
    assert one.covariance == "HC0"
    assert one.nobs == len(y)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csr_array, sp.csc_matrix])
def test_layouts(classes, kind):
    X, y, given = problem(classes)
    X = X * (np.abs(X) > 0.5)
    dense, other = (fastlogreg.Inference(made, y, **given) for made in (X, kind(X)))
    expected = everything(dense)
    for name, value in everything(other).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-7, atol=1e-10, err_msg=name)
    for name in ("leverage", "cooks_distance", "residuals", "predict_interval"):
        ours = getattr(other, name)()
        np.testing.assert_allclose(ours, getattr(dense, name)(), rtol=1e-8, err_msg=name)
    groups = np.arange(len(y)) % 11
    clustered = (one.cov_params("cluster", groups) for one in (dense, other))
    np.testing.assert_allclose(*clustered, rtol=1e-7, atol=1e-12)


def test_order_of_the_classes_and_reference():
    X, y, given = problem(3)
    one = fastlogreg.Inference(X, y, **given, classes=["a", "b", "c"], reference="b")
    swap = [2, 0, 1]  # code of the same class
    given["offset"] = given["offset"][:, np.argsort(swap)]
    other = fastlogreg.Inference(
        X, np.array(swap)[y], **given, classes=["b", "c", "a"], reference="b"
    )
    assert one.param_names[0] == "a:x0"
    assert other.param_names[0] == "c:x0"
    order = [other.param_names.index(name) for name in one.param_names]
    np.testing.assert_allclose(one.params.ravel(), other.params.ravel()[order], rtol=1e-9)
    np.testing.assert_allclose(one.bse.ravel(), other.bse.ravel()[order], rtol=1e-9)
    ends = other.conf_int(method="profile").reshape(-1, 2)[order]
    np.testing.assert_allclose(one.conf_int(method="profile").reshape(-1, 2), ends, rtol=1e-7)
    for name in ("predict_interval", "residuals"):
        mine = getattr(one, name)(**({"kind": "standardized"} if name == "residuals" else {}))
        theirs = getattr(other, name)(**({"kind": "standardized"} if name == "residuals" else {}))
        np.testing.assert_allclose(mine, theirs[:, [2, 0, 1]], rtol=1e-8, err_msg=name)
    for name in ("leverage", "cooks_distance"):
        np.testing.assert_allclose(getattr(one, name)(), getattr(other, name)(), rtol=1e-8)
    margins = dict(zip(other.marginal_effects().rows, np.asarray(other.marginal_effects()),
                       strict=True))  # fmt: skip
    for name, row in zip(one.marginal_effects().rows, np.asarray(one.marginal_effects()),
                         strict=True):  # fmt: skip
        np.testing.assert_allclose(row, margins[name], rtol=1e-7, atol=1e-12)


def test_the_second_class_as_reference():
    X, y, given = problem(2)
    usual = fastlogreg.Inference(X, y, **given, classes=["no", "yes"])
    turned = fastlogreg.Inference(X, y, **given, classes=["no", "yes"], reference="yes")
    np.testing.assert_allclose(turned.params, -usual.params, rtol=1e-9)
    ends = usual.conf_int(method="profile")
    np.testing.assert_allclose(turned.conf_int(method="profile"), -ends[:, ::-1], rtol=1e-8)
    assert "log-odds of no against yes" in turned.title


# ---------------------------------------------------------------------- memory


@pytest.mark.parametrize("order", ["C", "F"])
def test_x_is_not_copied(order):
    random = np.random.default_rng(0)
    X = np.asarray(random.normal(size=(60_000, 40)), order=order)
    y = (random.random(len(X)) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    groups = np.arange(len(X)) % 1000
    tracemalloc.start()
    inference = fastlogreg.Inference(X, y, covariance="HC3")
    inference.summary()
    inference.cov_params("cluster", groups)
    inference.cooks_distance()
    inference.marginal_effects()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * X.nbytes
