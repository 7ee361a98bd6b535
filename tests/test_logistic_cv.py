"""How a cross-validation runs: threads, progress, warnings; its certificate and its copies."""

import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from common.cross_validation import CS, PLAIN, problem
from fastlogreg import LogisticRegression, LogisticRegressionCV, SeparationWarning, reference


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc"])
def test_same_bits_for_any_number_of_workers(scoring):
    X, y, weight = problem()
    given = {"Cs": 5 if scoring == "roc_auc" else "path", **PLAIN, "scoring": scoring}
    given |= {"l1_ratios": (0, 1), "standardize": True}
    one, two = (LogisticRegressionCV(n_jobs=k, **given).fit(X, y, weight) for k in (1, 2))
    many = LogisticRegressionCV(n_threads=16, **given).fit(X, y, weight)
    for name in ("coef_", "intercept_", "scores_", "coefs_paths_", "n_iter_", "alphas_"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes(), name
    assert one.alpha_1se_ == two.alpha_1se_ == many.alpha_1se_


def test_progress(capsys, monkeypatch):
    X, y, _ = problem()
    model = LogisticRegressionCV(Cs=2, cv=3, verbose=1, **PLAIN)
    pytest.importorskip("tqdm")
    model.fit(X, y)
    assert "3/3" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tqdm", None)
    model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"cross-validation: path {k} of 3" for k in (1, 2, 3)]
    model.set_params(verbose=2).fit(X, y)
    assert "iteration" in capsys.readouterr().out
    model.set_params(verbose=0).fit(X, y)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("n_threads", [1, 2])
def test_error_of_a_scorer_leaves_the_estimator(n_threads):
    X, y, _ = problem()
    model = LogisticRegressionCV(Cs=2, n_threads=n_threads, **PLAIN).fit(X, y)
    before = dict(vars(model))

    def scorer(model, X, y):
        raise RuntimeError("no score")

    model.scoring = scorer
    with pytest.raises(RuntimeError, match="no score"):
        model.fit(X, y)
    del before["scoring"]
    assert {name: vars(model)[name] for name in before} == before
    assert vars(model).keys() == before.keys() | {"scoring"}


def test_warns_of_models_that_did_not_converge():
    X, y, _ = problem()
    model = LogisticRegressionCV(Cs=2, cv=3, max_iter=1, **PLAIN)
    with pytest.warns(ConvergenceWarning) as seen:
        model.fit(X, y)
    assert "of the 6 models of the folds" in str(seen[0].message)
    assert "max_iter=1" in str(seen[0].message)
    assert all(w.filename == __file__ for w in seen)
    assert model.converged_ is False


@pytest.mark.parametrize("scheme", ["auto", "ovr"])
def test_the_best_without_a_penalty_tells_what_is_separated(scheme):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"treated": np.arange(90.0) < 12, "age": rng.standard_normal(90)}, dtype=float)
    y = np.where(X["treated"] > 0, "c", rng.choice(["a", "b", "c"], 90))
    cv = LogisticRegressionCV(Cs=[np.inf], cv=3, multi_class=scheme, **PLAIN)
    alone = LogisticRegression(C=np.inf, multi_class=scheme)
    texts = []
    for model in (cv, alone):
        with warnings.catch_warnings(record=True, action="always") as told:
            model.fit(X, y)
        texts.append([str(w.message) for w in told if w.category is SeparationWarning])
        assert all(w.filename == __file__ for w in told)
    assert texts[0] == texts[1] != []
    for ours, theirs in zip(np.ravel(cv.separation_), np.ravel(alone.separation_), strict=True):
        assert ours.infinite == theirs.infinite
        assert ours.verify(X, y)
    held = LogisticRegressionCV(Cs=[1.0, np.inf], cv=3, multi_class=scheme, **PLAIN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        held.fit(X, y)
    assert (held.separation_ is None) == (held.C_ == 1.0)
    averaged = LogisticRegressionCV(Cs=[1.0], cv=3, **PLAIN | {"refit": False}).fit(X, y)
    assert not hasattr(averaged, "separation_")


def test_certificate_verifies():
    X, y, weight = problem()
    names = np.array(["no", "yes"])[y]
    given = {"Cs": CS, **PLAIN, "l1_ratios": (0.5,), "class_weight": {"no": 2.0}}
    ours = LogisticRegressionCV(**given).fit(X, names, weight)
    of_row = weight * np.where(y == 1, 1.0, 2.0)
    assert ours.certificate_.verify(X, names, sample_weight=of_row)
    loss, _ = reference.loss_gradient(X, y, ours.coef_[0], ours.intercept_[0], sample_weight=of_row)
    penalty = 0.5 * np.abs(ours.coef_).sum() + 0.25 * (ours.coef_**2).sum()
    assert ours.alpha_ == pytest.approx(1 / (ours.C_ * of_row.sum()))
    assert ours.objective_ == pytest.approx(loss + ours.alpha_ * penalty, rel=1e-12)


def test_precision_of_x():
    X, y, _ = problem()
    ours = LogisticRegressionCV(Cs=CS, **PLAIN).fit(X.astype(np.float32), y)
    assert ours.coef_.dtype == ours.intercept_.dtype == np.float32
    assert ours.coefs_paths_.dtype == np.float64
    double = LogisticRegressionCV(Cs=CS, **PLAIN).fit(X.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(ours.scores_, double.scores_, rtol=1e-6)


def test_pickle_and_clone():
    X, y, _ = problem()
    ours = LogisticRegressionCV(Cs=CS, cv=4, bounds=(0, None), **PLAIN).fit(X, y)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    assert again.certificate_.verify(X, y)
    copy = clone(ours)
    assert copy.get_params() == ours.get_params()
    assert not hasattr(copy, "coef_")
    assert ours.sparsify().predict(X).tolist() == again.predict(X).tolist()
