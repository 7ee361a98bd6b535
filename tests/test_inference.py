"""The statistics of a fit against plain NumPy: derivatives, covariances, tests, margins, rows."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.stats import chi2

import fastlogreg
from fastlogreg.inference.likelihood import Likelihood

KINDS = ("HC0", "HC1", "HC2", "HC3")


def problem(classes, n=160, p=3, seed=0, weights=True, offset=True):
    """X, y as codes, and the arguments of a problem; the second column holds zeros and ones."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)) * np.array([1.0, 1.0, 30.0])[:p]
    X[:, 1] = random.random(n) < 0.4
    shape = n if classes == 2 else (n, classes)
    given = {
        "sample_weight": random.integers(1, 4, n).astype(float) if weights else None,
        "offset": random.normal(size=shape) if offset else None,
    }
    noise = random.gumbel(size=(n, classes))
    noise[:, 1:] += X[:, [0]] * np.arange(1, classes) / 2
    if offset:
        noise += given["offset"][:, None] * [0, 1] if classes == 2 else given["offset"]
    return X, noise.argmax(axis=1), given


class Plain:
    """The same model in NumPy, the reference class first; parameters (m q,), intercept last."""

    def __init__(self, X, y, sample_weight, offset, classes):
        self.A = np.column_stack([X, np.ones(len(X))])
        self.Y = np.eye(classes)[y]
        self.s = np.ones(len(X)) if sample_weight is None else sample_weight
        self.o = np.zeros((len(X), classes))
        if offset is not None:
            self.o = offset[:, None] * [0, 1] if classes == 2 else offset
        self.m, self.q = classes - 1, self.A.shape[1]

    def probabilities(self, theta, A=None):
        A = self.A if A is None else A
        z = self.o[: len(A)] + 0.0
        z[:, 1:] += A @ theta.reshape(self.m, self.q).T
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loglik(self, theta):
        return float(self.s @ (self.Y * np.log(self.probabilities(theta))).sum(axis=1))

    def scores(self, theta):
        """Score of each row without its weight, (n, m q)."""
        residual = (self.Y - self.probabilities(theta))[:, 1:]
        return (residual[:, :, None] * self.A[:, None, :]).reshape(len(self.A), -1)

    def curvatures(self, theta):
        """Of each row without its weight: W (n, m, m), and X_i as (n, m q, m)."""
        P = self.probabilities(theta)[:, 1:]
        W = np.einsum("ik,kl->ikl", P, np.eye(self.m)) - P[:, :, None] * P[:, None, :]
        rows = np.stack([np.kron(np.eye(self.m), a[:, None]) for a in self.A])
        return W, rows

    def information(self, theta):
        W, rows = self.curvatures(theta)
        return np.einsum("i,iak,ikl,ibl->ab", self.s, rows, W, rows)


def opened(classes, **options):
    X, y, given = problem(classes, **options)
    return fastlogreg.Inference(X, y, **given), Plain(X, y, *given.values(), classes)


@pytest.fixture(params=[2, 3, 4], ids="{} classes".format)
def pair(request):
    return opened(request.param)


def differences(function, at, step=1e-5):
    """Central differences of a function of a vector, along its last axis."""
    columns = []
    for j in range(len(at)):
        move = np.zeros_like(at)
        move[j] = step * max(1.0, abs(at[j]))
        columns.append((function(at + move) - function(at - move)) / (2 * move[j]))
    return np.stack(columns, axis=-1)


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


def test_estimates_and_covariance(pair):
    inference, plain = pair
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


# ---------------------------------------------------------------------- tests and intervals


def without(plain, columns):
    """The maximum of the plain model without some columns: (log-likelihood, theta with zeros)."""
    keep = np.tile([j not in columns for j in range(plain.q)], plain.m)

    def full(part):
        theta = np.zeros(len(keep))
        theta[keep] = part
        return theta

    part = np.zeros(keep.sum())
    for _ in range(30):
        theta = full(part)
        score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)[keep]
        part = part + np.linalg.solve(plain.information(theta)[np.ix_(keep, keep)], score)
    return plain.loglik(full(part)), full(part)


@pytest.mark.parametrize("columns", [[0], [1, 2], [0, 1, 2]])
def test_three_tests(pair, columns):
    inference, plain = pair
    drop = None if len(columns) == 3 else [inference.names[j] for j in columns]
    df = plain.m * len(columns)
    loglik, theta = without(plain, columns)
    ratio = inference.lr_test(drop)
    assert ratio.df == df
    assert ratio.statistic == pytest.approx(2 * (inference.loglik - loglik), rel=1e-9)
    assert ratio.pvalue == pytest.approx(chi2.sf(ratio.statistic, df), rel=1e-9)
    score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)
    rao = score @ np.linalg.solve(plain.information(theta), score)
    assert inference.score_test(drop).statistic == pytest.approx(rao, rel=1e-8)
    some = np.tile([j in columns for j in range(plain.q)], plain.m)
    estimate = inference.params.ravel()[some]
    wald = estimate @ np.linalg.solve(inference.cov_params()[np.ix_(some, some)], estimate)
    assert inference.wald_test(drop=drop).statistic == pytest.approx(wald, rel=1e-9)
    assert inference.wald_test(np.eye(len(some))[some]).statistic == pytest.approx(wald, rel=1e-9)


def test_linear_hypothesis():
    inference, _ = opened(2)
    R, r = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]]), np.array([0.3, -0.1])
    gap = R @ inference.params - r
    expected = gap @ np.linalg.solve(R @ inference.cov_params() @ R.T, gap)
    test = inference.wald_test(R, r)
    assert (test.statistic, test.df) == (pytest.approx(expected), 2)
    one = inference.wald_test([0, 0, 0, 1])
    assert one.pvalue == pytest.approx(inference.pvalues[3])


def test_profile_of_a_softmax():
    """At an end the best log-likelihood of the others, by SciPy, is half a quantile below."""
    inference, plain = opened(3, n=80)
    ends = inference.conf_int(0.9, method="profile").reshape(-1, 2)
    for j in (0, 5):
        for end in ends[j]:
            others = np.delete(np.arange(len(ends)), j)

            def fall(part, j=j, end=end, others=others):
                theta = np.empty(len(ends))
                theta[others], theta[j] = part, end
                score = (plain.s[:, None] * plain.scores(theta)).sum(axis=0)[others]
                return -plain.loglik(theta), -score

            start = np.delete(inference.params.ravel(), j)
            best = minimize(fall, start, jac=True, method="BFGS", options={"gtol": 1e-7})
            assert 2 * (inference.loglik + best.fun) == pytest.approx(chi2.ppf(0.9, 1), abs=1e-6)


def test_fit_as_a_whole():
    inference, plain = opened(2, offset=False)
    mean = plain.s @ plain.Y[:, 1] / plain.s.sum()
    null = plain.s.sum() * (mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    n, k, loglik = inference.nobs, 4, inference.loglik
    assert inference.loglik_null == pytest.approx(null)
    assert inference.aicc == pytest.approx(2 * k - 2 * loglik + 2 * k * (k + 1) / (n - k - 1))
    assert inference.bic == pytest.approx(k * np.log(n) - 2 * loglik)
    assert inference.pseudo_r2() == pytest.approx(1 - loglik / null)
    cox = 1 - np.exp(2 * (null - loglik) / n)
    assert inference.pseudo_r2("cox-snell") == pytest.approx(cox)
    largest = 1 - np.exp(2 * null / n)
    assert inference.pseudo_r2("nagelkerke") == pytest.approx(cox / largest)
    p = plain.probabilities(inference.params)[:, 1]
    y, s = plain.Y[:, 1], plain.s
    tjur = np.average(p[y == 1], weights=s[y == 1]) - np.average(p[y == 0], weights=s[y == 0])
    assert inference.pseudo_r2("tjur") == pytest.approx(tjur)


def test_large_coefficients():
    """Columns far from zero: without them the intercept of the fit is far from that of the null."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, [0, 1, 4, 8]]
    inference, mean = fastlogreg.Inference(X, y), y.mean()
    null = len(y) * (mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    assert inference.loglik_null == pytest.approx(null, rel=1e-12)
    for name in ("x0", "x2"):
        rest = np.delete(X, int(name[1]), axis=1)
        loss = len(y) * fastlogreg.fit(rest, y, tol=1e-14).objective
        expected = 2 * (inference.loglik + loss)
        assert inference.lr_test(name).statistic == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("far", [50.0, -400.0])
def test_any_start_leads_to_the_maximum(classes, far):
    X, y, given = problem(classes)
    usual = fastlogreg.Inference(X, y, **given)
    shape = (classes, 3) if classes > 2 else (3,)
    coef = np.full(shape, far / 30)
    coef[..., 0] = np.arange(classes) * far / 30 if classes > 2 else far
    other = fastlogreg.Inference(X, y, coef, far, **given)
    np.testing.assert_allclose(other.params, usual.params, rtol=1e-9)
    assert other.loglik == pytest.approx(usual.loglik, rel=1e-13)


def test_null_model_without_intercept():
    """No intercept: the offset alone; a constant column is one."""
    X, y, given = problem(2)
    A = np.column_stack([np.full(len(y), 2.0), X])
    none = fastlogreg.Inference(X, y, **given, fit_intercept=False)
    z, s = given["offset"], given["sample_weight"]
    assert none.loglik_null == pytest.approx(-s @ np.logaddexp(0, np.where(y, -z, z)))
    assert none.df_model == 3
    constant = fastlogreg.Inference(A, y, **given, fit_intercept=False)
    usual = fastlogreg.Inference(X, y, **given)
    assert constant.loglik_null == pytest.approx(usual.loglik_null)
    assert constant.lr_test() == pytest.approx(usual.lr_test())
    assert constant.params[0] == pytest.approx(usual.params[-1] / 2)
    rows = constant.marginal_effects().rows
    assert rows == ("x1", "x2", "x3")
    np.testing.assert_allclose(constant.marginal_effects(), usual.marginal_effects(), rtol=1e-7)


def test_odds_ratios(pair):
    inference, _ = pair
    for method in ("wald", "profile"):
        table = inference.odds_ratios(method=method)
        np.testing.assert_allclose(table["odds ratio"], np.exp(inference.params.ravel()))
        ends = np.exp(inference.conf_int(method=method)).reshape(-1, 2)
        np.testing.assert_allclose(np.column_stack([table["low"], table["high"]]), ends)


# ---------------------------------------------------------------------- probabilities


def average_effects(plain, theta, discrete, A=None, share=None):
    """Marginal effects (K, columns) by differences of probabilities."""
    A = plain.A if A is None else A
    share = plain.s / plain.s.sum() if share is None else share
    out = []
    for j in range(plain.q - 1):
        low, high, step = A.copy(), A.copy(), 1.0
        if discrete and j == 1:
            low[:, j], high[:, j] = 0.0, 1.0
        else:
            low[:, j] -= 1e-5
            high[:, j] += 1e-5
            step = 2e-5
        gap = plain.probabilities(theta, high) - plain.probabilities(theta, low)
        out.append(share @ gap / step)
    return np.array(out).T


@pytest.mark.parametrize("discrete", [True, False])
def test_average_marginal_effects(pair, discrete):
    inference, plain = pair
    theta = inference.params.ravel()
    table = inference.marginal_effects(discrete=discrete)

    def effects(t):
        out = average_effects(plain, t, discrete)
        return (out[1:] if plain.m == 1 else out).ravel()

    np.testing.assert_allclose(table["effect"], effects(theta), rtol=1e-6, atol=1e-9)
    jacobian = differences(effects, theta, 1e-4)
    error = np.sqrt(np.einsum("ja,ab,jb->j", jacobian, inference.cov_params(), jacobian))
    np.testing.assert_allclose(table["std err"], error, rtol=1e-4)
    np.testing.assert_allclose(table["z"], table["effect"] / table["std err"])


def test_marginal_effects_at_a_place():
    inference, plain = opened(3, offset=False)
    theta, share = inference.params.ravel(), plain.s / plain.s.sum()
    mean = share @ plain.A
    for at, place in (("mean", mean), ({"x0": 1.5}, [1.5, *mean[1:]]), ({2: 4.0}, None)):
        place = np.array([mean[0], mean[1], 4.0, 1.0] if place is None else place)[None]
        expected = average_effects(plain, theta, True, place, np.ones(1)).ravel()
        ours = inference.marginal_effects(at)["effect"]
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)


def test_intervals_of_probabilities(pair):
    """Logits and their errors by the delta method, with a numerical derivative."""
    inference, plain = pair
    theta = inference.params.ravel()
    ours = inference.predict_interval(level=0.9)
    ours = ours[:, None] if plain.m == 1 else ours

    def logits(t):
        p = plain.probabilities(t)
        z = np.log(p) - np.log1p(-p)
        return z[:, 1:] if plain.m == 1 else z

    jacobian = differences(logits, theta)
    error = np.sqrt(np.einsum("ika,ab,ikb->ik", jacobian, inference.cov_params(), jacobian))
    z = logits(theta)[..., None] + 1.6448536269514722 * error[..., None] * np.array([0, -1, 1])
    np.testing.assert_allclose(ours, 1 / (1 + np.exp(-z)), rtol=1e-5)


def test_new_rows():
    X, y, given = problem(3)
    inference = fastlogreg.Inference(X, y, **given)
    whole = inference.predict_interval()
    some = inference.predict_interval(sp.csr_array(X[5:9]), offset=given["offset"][5:9])
    np.testing.assert_allclose(some, whole[5:9], rtol=1e-10)


# ---------------------------------------------------------------------- rows


def test_influence(pair):
    inference, plain = pair
    theta = inference.params.ravel()
    W, rows = plain.curvatures(theta)
    V = inference.cov_params()
    gap = plain.Y - plain.probabilities(theta)
    hats, cooks = [], []
    for i in range(len(gap)):
        H = plain.s[i] * W[i] @ rows[i].T @ V @ rows[i]
        hats.append(np.trace(H))
        u = np.linalg.solve(np.eye(plain.m) - H, plain.s[i] * gap[i, 1:])
        step = V @ rows[i] @ u
        cooks.append(step @ np.linalg.solve(V, step) / len(theta))
    np.testing.assert_allclose(inference.leverage(), hats, rtol=1e-8)
    assert inference.leverage().sum() == pytest.approx(len(theta))
    np.testing.assert_allclose(inference.cooks_distance(), cooks, rtol=1e-6)


def test_residuals_of_several_classes():
    inference, plain = opened(3)
    p = plain.probabilities(inference.params.ravel())
    np.testing.assert_allclose(inference.residuals("response"), plain.Y - p, atol=1e-12)
    pearson = np.sqrt(plain.s)[:, None] * (plain.Y - p) / np.sqrt(p * (1 - p))
    np.testing.assert_allclose(inference.residuals("pearson"), pearson, rtol=1e-9)
    deviance = inference.residuals()
    assert (deviance**2).sum() == pytest.approx(inference.deviance)
    # the variance of a residual at the estimate: (I - M) of the multinomial covariance
    W, rows = plain.curvatures(inference.params.ravel())
    V, C = inference.cov_params(), np.vstack([-np.ones((1, 2)), np.eye(2)])
    for i in (0, 17, 90):
        sW = plain.s[i] * W[i]
        left = C @ (sW - sW @ rows[i].T @ V @ rows[i] @ sW) @ C.T
        expected = plain.s[i] * (plain.Y - p)[i] / np.sqrt(np.diag(left))
        np.testing.assert_allclose(inference.residuals("standardized")[i], expected, rtol=1e-8)


def test_shares_as_targets():
    """Targets within (0, 1), counts as weights: cases among controls, one row a cell."""
    random = np.random.default_rng(3)
    X, total = random.normal(size=(40, 2)), random.integers(3, 20, 40)
    cases = random.binomial(total, 1 / (1 + np.exp(-X[:, 0])))
    grouped = fastlogreg.Inference(X, cases / total, sample_weight=total.astype(float))
    single = fastlogreg.Inference(
        np.repeat(X, 2, axis=0), np.tile([1, 0], 40),
        sample_weight=np.column_stack([cases, total - cases]).ravel().astype(float),
    )  # fmt: skip
    for name in ("params", "bse", "loglik", "nobs", "bic"):
        np.testing.assert_allclose(getattr(grouped, name), getattr(single, name), rtol=1e-9)
    ends = single.conf_int(method="profile")
    np.testing.assert_allclose(grouped.conf_int(method="profile"), ends, rtol=1e-8)
    assert grouped.deviance < single.deviance
    assert (grouped.residuals() ** 2).sum() == pytest.approx(grouped.deviance)
    three = fastlogreg.Inference(X, np.column_stack([1 - cases / total, cases / total]),
                                 sample_weight=total.astype(float))  # fmt: skip
    np.testing.assert_allclose(three.params, grouped.params, rtol=1e-10)


# ---------------------------------------------------------------------- columns, memory


@pytest.mark.parametrize("classes", [2, 3])
def test_collinear_columns(classes):
    X, y, given = problem(classes)
    A = np.column_stack([X[:, 0], X[:, 1], 1 - X[:, 1], X[:, 2], X[:, 0] + 2 * X[:, 2],
                         np.full(len(y), 3.0)])  # fmt: skip
    names = ["age", "smokes", "abstains", "dose", "both", "one"]
    with pytest.raises(ValueError, match="depend on each other") as raised:
        fastlogreg.Inference(A, y, **given, feature_names=names)
    text = str(raised.value)
    assert "abstains = 1 - smokes" in text
    assert "both = age + 2 dose" in text
    assert "one = 3" in text
    inference = fastlogreg.Inference(A, y, **given, feature_names=names, collinear="drop")
    less = fastlogreg.Inference(X, y, **given)
    shape = (classes - 1, 7)
    params, bse = inference.params.reshape(shape), inference.bse.reshape(shape)
    assert np.isnan(params[:, [2, 4, 5]]).all()
    assert np.isnan(bse[:, [2, 4, 5]]).all()
    kept = [0, 1, 3, 6]
    np.testing.assert_allclose(params[:, kept], less.params.reshape(classes - 1, 4), rtol=1e-7)
    np.testing.assert_allclose(bse[:, kept], less.bse.reshape(classes - 1, 4), rtol=1e-7)
    assert inference.df == less.df
    assert inference.aic == pytest.approx(less.aic)
    assert inference.lr_test().df == less.lr_test().df
    ends = inference.conf_int(method="profile").reshape(*shape, 2)
    assert np.isnan(ends[:, [2, 4, 5]]).all()
    expected = less.conf_int(method="profile").reshape(classes - 1, 4, 2)
    np.testing.assert_allclose(ends[:, kept], expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(inference.leverage(), less.leverage(), rtol=1e-7)
    assert inference.wald_test(drop=["age", "both"]) == pytest.approx(less.wald_test(drop="x0"))
    assert sum("aliased" in note for note in inference.notes) == 3


def test_more_columns_than_rows():
    X = np.random.default_rng(0).normal(size=(20, 30))
    with pytest.raises(ValueError, match=r"x19 = .* \+ \.\.\.; .*; and 3 more") as raised:
        fastlogreg.Inference(X, np.arange(20) % 2)
    assert len(str(raised.value)) < 2000


def test_a_column_far_from_zero():
    """A year beside an intercept: the same errors as of the centred column."""
    X, y, given = problem(2)
    X[:, 0] = np.round(X[:, 0] * 3)
    far = X + [2000.0, 0.0, 0.0]
    near, other = (fastlogreg.Inference(made, y, **given) for made in (X, far))
    np.testing.assert_allclose(other.params[:3], near.params[:3], rtol=1e-8)
    np.testing.assert_allclose(other.bse[:3], near.bse[:3], rtol=1e-6)


def test_nearly_collinear_columns_are_told():
    X, y, given = problem(2)
    X[:, 2] = X[:, 0] + 1e-8 * X[:, 2]
    with pytest.warns(RuntimeWarning, match="variance of 'x[02]' is"):
        fastlogreg.Inference(X, y, **given)


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
