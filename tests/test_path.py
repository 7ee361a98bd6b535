"""Whole paths: every value equals a fit of its own, the grid begins where the model is empty."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg.path import CALLBACK, COMPLETE, EXPLAINED, FLAT


def data(n=120, p=40, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, p)
    y = (X[:, 0] / X[:, 0].std() - X[:, 1] / X[:, 1].std() + rng.logistic(size=n) > 0).astype(int)
    return X, y


CASES = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.4},
    "ridge": {"l1_ratio": 0.0},
    "standardize": {"standardize": True},
    "no intercept": {"fit_intercept": False},
    "not negative": {"bounds": (0.0, None)},
    "box without zero": {"bounds": (np.r_[0.01, np.full(39, -np.inf)], None)},
    "factors": {"penalty_factor": np.r_[0.0, np.linspace(0.5, 2.0, 39)]},
    "weights": {"sample_weight": np.arange(120) % 4},
    "offset": {"offset": np.linspace(-1, 1, 120)},
}


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("case", CASES)
def test_every_value_is_a_fit(case, kind):
    X, y = data()
    options = CASES[case]
    path = fastlogreg.logistic_path(
        kind(X), y, n_alphas=12, eps=0.05, tol=1e-12, early_stop=False, **options
    )
    assert path.stop_reason == COMPLETE
    assert len(path.alphas) == 12
    assert (np.diff(path.alphas) < 0).all()
    assert path.converged.all()
    for k in (0, 4, 11):
        fit_options = {"l1_ratio": 1.0, **options}
        want = fastlogreg.fit(X, y, alpha=path.alphas[k], tol=1e-13, **fit_options)
        assert path.objectives[k] == pytest.approx(want.objective, rel=1e-11)
        assert path.objectives[k] - want.objective <= path.gaps[k] * path.objectives[k] + 1e-15
        np.testing.assert_allclose(path.coefs[k], want.coef, atol=3e-5 * np.abs(want.coef).max())
        assert path.df[k] == np.count_nonzero(path.coefs[k])


@pytest.mark.parametrize("case", ["lasso", "elastic net", "standardize", "offset", "factors"])
def test_the_grid_begins_where_the_model_is_empty(case):
    X, y = data()
    options = CASES[case]
    path = fastlogreg.logistic_path(X, y, n_alphas=5, early_stop=False, **options)
    free = case == "factors"
    assert path.df[0] == free
    options = {"l1_ratio": 1.0, "tol": 1e-14, **options}
    just_below = fastlogreg.fit(X, y, alpha=path.alphas[0] * (1 - 1e-6), **options)
    just_above = fastlogreg.fit(X, y, alpha=path.alphas[0] * (1 + 1e-6), **options)
    assert np.count_nonzero(just_below.coef) == 1 + free
    assert np.count_nonzero(just_above.coef) == free


def test_wide_data_lose_no_column():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 1500)) + 0.5 * rng.normal(size=(60, 1))
    y = (X[:, :3].sum(axis=1) + rng.logistic(size=60) > 0).astype(int)
    path = fastlogreg.logistic_path(X, y, n_alphas=40, eps=0.02, tol=1e-10, early_stop=False)
    assert sp.issparse(path.coefs)
    for k in (10, 25, 39):
        coef, alpha = path.coefs[[k]].toarray()[0], path.alphas[k]
        _, gradient = fastlogreg.reference.loss_gradient(X, y, coef, path.intercepts[k])
        # at the optimum no slope exceeds alpha, and those of coefficients off zero equal it
        assert np.abs(gradient[:-1]).max() <= alpha * (1 + 1e-3)
        on = coef != 0
        np.testing.assert_allclose(gradient[:-1][on], -alpha * np.sign(coef[on]), rtol=1e-3)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_wide_columns_that_hang_together(kind):
    """Walks along the columns get nowhere here; a Gram matrix has to take over."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 900))
    for j in range(1, 900):
        X[:, j] = 0.9 * X[:, j - 1] + 0.4 * X[:, j]
    y = rng.random(60)
    path = fastlogreg.logistic_path(kind(X), y, n_alphas=15, eps=1e-3, early_stop=False)
    assert path.converged.all()
    assert path.gaps.max() <= 1e-7
    assert path.n_iter.sum() < 100


def test_a_grid_far_below_the_largest():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(50, 2000))
    y = (X[:, 0] + rng.logistic(size=50) > 0).astype(int)
    largest = fastlogreg.logistic_path(X, y, n_alphas=1).alphas[0]
    path = fastlogreg.logistic_path(X, y, alphas=[0.1 * largest], tol=1e-9)
    want = fastlogreg.fit(X, y, alpha=0.1 * largest, l1_ratio=1.0, tol=1e-9)
    assert path.objectives[0] == pytest.approx(want.objective, rel=1e-8)


def test_strengths_as_alphas_and_as_cs():
    X, y = data()
    by_alpha = fastlogreg.logistic_path(X, y, alphas=[0.01, 0.1])
    by_c = fastlogreg.logistic_path(X, y, Cs=[1 / (120 * 0.1), 1 / (120 * 0.01)])
    np.testing.assert_allclose(by_alpha.alphas, [0.1, 0.01])
    np.testing.assert_allclose(by_c.alphas, by_alpha.alphas)
    np.testing.assert_allclose(by_c.Cs, 1 / (120 * by_c.alphas))
    np.testing.assert_allclose(by_c.coefs, by_alpha.coefs, atol=1e-9)


def test_deviance_explained():
    X, y = data()
    path = fastlogreg.logistic_path(X, y, n_alphas=10, early_stop=False)
    base = y.mean()
    null = -(base * np.log(base) + (1 - base) * np.log(1 - base))
    assert path.null_deviance == pytest.approx(null, rel=1e-12)
    loss = fastlogreg.log_loss(y, X @ path.coefs[-1] + path.intercepts[-1])
    assert path.dev_ratio[-1] == pytest.approx(1 - loss / null, rel=1e-10)
    assert abs(path.dev_ratio[0]) < 1e-12


def test_stops_early():
    X, y = data()
    separated = (X[:, 0] > 0).astype(int)
    path = fastlogreg.logistic_path(X, separated, eps=1e-8, n_alphas=200)
    assert path.stop_reason == EXPLAINED
    assert path.dev_ratio[-1] > 0.999 >= path.dev_ratio[-2]
    flat = fastlogreg.logistic_path(X[:, :3], y, eps=1e-8, n_alphas=200)
    assert flat.stop_reason == FLAT
    assert len(flat.alphas) < 200
    told = []
    stopped = fastlogreg.logistic_path(
        X, y, n_alphas=9, callback=lambda k, *rest: told.append((k, *rest)) or k == 3
    )
    assert stopped.stop_reason == CALLBACK
    assert [t[0] for t in told] == [0, 1, 2, 3]
    assert told[2][1:] == (9, stopped.alphas[2], stopped.df[2], stopped.dev_ratio[2])


def test_between_two_values():
    X, y = data()
    path = fastlogreg.logistic_path(X, y, alphas=[0.1, 0.05, 0.02])
    coef, intercept = path.coef_at(0.05)
    np.testing.assert_array_equal(coef, path.coefs[1])
    assert intercept == path.intercepts[1]
    coef, intercept = path.coef_at(0.03)
    np.testing.assert_allclose(coef, path.coefs[1] / 3 + 2 * path.coefs[2] / 3, rtol=1e-12)
    assert intercept == pytest.approx(path.intercepts[1] / 3 + 2 * path.intercepts[2] / 3)
    with pytest.raises(ValueError, match="alpha must be within the path"):
        path.coef_at(0.2)


def test_as_a_frame_and_as_a_picture():
    pd = pytest.importorskip("pandas")
    X, y = data(p=3)
    path = fastlogreg.logistic_path(pd.DataFrame(X, columns=list("abc")), y, n_alphas=4)
    frame = path.to_frame()
    assert list(frame.columns[-3:]) == ["a", "b", "c"]
    np.testing.assert_array_equal(frame[["a", "b", "c"]], path.coefs)
    np.testing.assert_array_equal(frame["alpha"], path.alphas)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    display = path.plot()
    assert set(display.lines_) == set(np.flatnonzero(path.coefs[-1]))
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("case", ["lasso", "ridge"])
def test_threads_do_not_change_a_bit(case):
    X, y = data(3000, 40)
    one, two = (
        fastlogreg.logistic_path(X, y, n_alphas=8, n_threads=n, **CASES[case]) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.coefs, two.coefs)
    np.testing.assert_array_equal(one.gaps, two.gaps)


def test_rows_without_weight_do_not_count():
    X, y = data()
    weight = (np.arange(120) % 3 > 0).astype(float)
    masked = fastlogreg.logistic_path(X, y, sample_weight=weight, n_alphas=10, tol=1e-11)
    without = fastlogreg.logistic_path(X[weight > 0], y[weight > 0], n_alphas=10, tol=1e-11)
    np.testing.assert_allclose(masked.alphas, without.alphas, rtol=1e-10)
    np.testing.assert_allclose(masked.objectives, without.objectives, rtol=1e-10)


def test_progress_is_shown(capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    X, y = data()
    fastlogreg.logistic_path(X, y, n_alphas=3, early_stop=False, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]


WRONG = [
    ({"alphas": [0.1], "Cs": [1.0]}, ValueError, "alphas and Cs both"),
    ({"alphas": [-0.1]}, ValueError, "alphas must be"),
    ({"alphas": []}, ValueError, "alphas must be"),
    ({"Cs": [0.0]}, ValueError, "Cs must be"),
    ({"n_alphas": 0}, ValueError, "n_alphas"),
    ({"n_alphas": 1.5}, ValueError, "n_alphas"),
    ({"eps": 2.0}, ValueError, "eps"),
    ({"l1_ratio": 1.1}, ValueError, "l1_ratio"),
    ({"tol": -1.0}, ValueError, "tol"),
    ({"bounds": (1.0, 0.0)}, ValueError, "bounds"),
    ({"penalty_factor": [-1.0] * 40}, ValueError, "penalty_factor"),
    ({"offset": [1.0]}, ValueError, "offset"),
    ({"standardize": 2}, TypeError, "standardize"),
]


@pytest.mark.parametrize(("arguments", "error", "text"), WRONG)
def test_wrong_arguments_are_named(arguments, error, text):
    X, y = data()
    with pytest.raises(error, match=text):
        fastlogreg.logistic_path(X, y, **arguments)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_missing_values_are_refused(l1_ratio):
    X, y = data()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        fastlogreg.logistic_path(X, y, l1_ratio=l1_ratio)
