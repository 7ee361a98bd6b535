"""What the statistics refuse, with reason and remedy; penalised fits; the estimator's door."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from fastlogreg import Inference, LogisticRegression

pd = pytest.importorskip("pandas")


def data(n=120, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 3))
    return X, (X[:, 0] + random.logistic(size=n) > 0).astype(int)


X, Y = data()
THREE = np.arange(120) % 3


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Inference(X, Y[:-1]), "X has 120, y has 119"),
        (lambda: Inference(X, Y, weights="analytic"), "weights must be one of"),
        (lambda: Inference(X, Y, covariance="HC4"), "covariance must be one of"),
        (lambda: Inference(X, Y, covariance="cluster"), "without groups"),
        (lambda: Inference(X, Y, groups=Y), "with groups"),
        (lambda: Inference(X, Y, covariance="cluster", groups=Y[:5]), "groups must have shape"),
        (lambda: Inference(X, Y, covariance="cluster", groups=0 * Y), "holds one cluster"),
        (
            lambda: Inference(X, Y, weights="sampling", covariance="nonrobust"),
            "use covariance='HC0'",
        ),
        (lambda: Inference(X, Y, sample_weight=-1.0 * Y), "Negative values"),
        (lambda: Inference(X, Y, offset=Y[:4]), "offset must have shape"),
        (lambda: Inference(X, THREE, offset=Y), r"offset must have shape \(120, 3\)"),
        (lambda: Inference(X, Y, collinear="ignore"), "collinear must be 'raise' or 'drop'"),
        (lambda: Inference(X, Y, classes=["a"]), "classes must hold 2 labels"),
        (lambda: Inference(X, Y, reference="b", classes=["a", "c"]), "not one of the classes"),
        (lambda: Inference(X, Y, feature_names=["a", "b"]), "must hold 3 names"),
        (lambda: Inference(X, Y, feature_names=["a", "b", "a"]), "holds 'a' twice"),
        (lambda: Inference(X, Y, feature_names=["a", "b", "intercept"]), "intercept's own"),
        (lambda: Inference(X, Y, [1.0, 2.0]), r"coef must have shape \(3,\)"),
        (lambda: Inference(X, Y, [1.0, 2.0, 3.0], [1.0, 2.0]), "intercept must be 1 finite"),
        (lambda: Inference(X, 0 * Y), "no row with a weight is of class 1"),
        (lambda: Inference(X, 2 * Y), "no row with a weight is of class 1"),
        (lambda: Inference(X, THREE, sample_weight=1.0 * (THREE < 2)), "is of class 2"),
        (lambda: Inference(X, THREE - 1, classes=list("abc")), "codes 0..2"),
        (lambda: Inference(X, np.full((120, 3), 0.4)), "summing to 1"),
        (lambda: Inference(X, np.ones((120, 1))), "y must be one-dimensional"),
        (lambda: Inference(X[:0], Y[:0]), "no rows"),
        (lambda: Inference(X[:, :0], Y, fit_intercept=False), "no columns"),
        (lambda: Inference(X[:, :0], Y), "X has no columns"),
        (lambda: Inference(X[:, :0], THREE), "X has no columns"),
        (lambda: Inference(np.where(X > 2, np.nan, X), Y), "NaN"),
        (lambda: Inference(np.where(X > 2, np.inf, X), THREE), "NaN"),
        (lambda: Inference(sp.csr_array((120, 20_000)), THREE), "40002 parameters"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda i: i.conf_int(1.0), "level must be below 1"),
        (lambda i: i.conf_int(0), "level"),
        (lambda i: i.conf_int(method="exact"), "method must be"),
        (lambda i: i.conf_int(method="bootstrap", n_boot=3), "at least 20"),
        (lambda i: i.cov_params("HC5"), "covariance must be one of"),
        (lambda i: i.cov_params("cluster"), "without groups"),
        (lambda i: i.lr_test("dose"), "not one of"),
        (lambda i: i.lr_test([0, 9]), "not one of"),
        (lambda i: i.wald_test([[1.0, 2.0]]), "R must have 4 columns"),
        (lambda i: i.wald_test(["x0"]), r"R must hold numbers.*name columns by drop="),
        (lambda i: i.wald_test(np.eye(4), drop="x0"), "R or drop"),
        (lambda i: i.wald_test([[1, 0, 0, 0], [2, 0, 0, 0]]), "depend on each other"),
        (lambda i: i.pseudo_r2("efron"), "kind must be one of"),
        (lambda i: i.residuals("working"), "kind must be one of"),
        (lambda i: i.marginal_effects("median"), "at must be"),
        (lambda i: i.marginal_effects({"dose": 1.0}), "not one of"),
        (lambda i: i.predict_interval(X[:, :2]), "X has 2 columns, the fit had 3"),
        (lambda i: i.predict_interval(offset=Y), "give X too"),
        (lambda i: i.predict_interval(X[:4], offset=Y), "offset must have shape"),
    ],
)
def test_bad_questions(call, text):
    with pytest.raises(ValueError, match=text):
        call(Inference(X, Y))


def test_several_classes_have_no_tjur():
    with pytest.raises(ValueError, match="two classes"):
        Inference(X, THREE).pseudo_r2("tjur")


# ---------------------------------------------------------------------- penalties


PENALISED = {
    "ridge": LogisticRegression(C=0.5),
    "lasso": LogisticRegression(l1_ratio=1, C=0.5),
    "alpha": LogisticRegression(alpha=0.1),
    "bounds": LogisticRegression(C=np.inf, bounds={0: (None, 0.1)}),
}


@pytest.mark.parametrize("name", PENALISED)
def test_penalised_fits_refuse_what_is_not_valid(name):
    model = PENALISED[name].fit(X, Y)
    inference = model.inference(X, Y)
    np.testing.assert_allclose(inference.params[:3], model.coef_[0], rtol=1e-12)
    for question in (
        lambda: inference.bse, lambda: inference.pvalues, lambda: inference.conf_int(),
        lambda: inference.conf_int(method="profile"), lambda: inference.aic,
        lambda: inference.lr_test(), lambda: inference.score_test(), lambda: inference.wald_test(),
        inference.leverage, inference.marginal_effects, inference.predict_interval,
        inference.odds_ratios, inference.cov_params,
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"not be valid.*C=np.inf.*bootstrap"):
            question()
    assert inference.deviance > 0
    assert inference.residuals().shape == (120,)
    assert "penalty" in inference.notes[0] or "bounds" in inference.notes[0]
    for absent in ("std err", "Covariance", "Weights"):
        assert absent not in str(inference.summary())


def test_firth_has_errors_of_its_own():
    model = LogisticRegression(penalty="firth").fit(X, Y)
    inference = model.inference(X, Y)
    np.testing.assert_allclose(inference.params[:3], model.coef_[0], rtol=1e-12)
    with pytest.raises(ValueError, match=r"fastlogreg\.firth gives"):
        inference.conf_int()
    ends = inference.conf_int(method="bootstrap", n_boot=30)
    assert (ends[:, 0] < ends[:, 1]).all()


@pytest.mark.parametrize("labels", [THREE, np.array(["c", "a", "b"])[THREE]])
def test_estimator_of_several_classes(labels):
    offset = np.outer(np.linspace(-1, 1, 120), [1.0, 0.0, -0.5])
    model = LogisticRegression(C=np.inf, tol=0.1).fit(X, labels, 1.0 + Y, offset=offset)
    ours = model.inference(X, labels, 1.0 + Y, offset=offset, reference=model.classes_[2])
    codes = np.searchsorted(model.classes_, labels)
    direct = Inference(X, codes, sample_weight=1.0 + Y, offset=offset, classes=model.classes_,
                       reference=model.classes_[2])  # fmt: skip
    np.testing.assert_allclose(ours.params, direct.params, rtol=1e-8)
    np.testing.assert_allclose(ours.bse, direct.bse, rtol=1e-8)
    assert ours.param_names[0] == f"{model.classes_[0]}:x0"
    held = LogisticRegression(C=1.0).fit(X, labels).inference(X, labels)
    with pytest.raises(ValueError, match="has a penalty"):
        held.conf_int()
    ends = held.conf_int(method="bootstrap", n_boot=30)
    assert (ends[..., 0] < held.params).all()
    assert (held.params < ends[..., 1]).all()
    single = LogisticRegression(C=np.inf, multi_class="ovr").fit(X, labels)
    with pytest.raises(ValueError, match="one by one"):
        single.inference(X, labels)


def test_bootstrap_of_a_penalised_fit():
    model = LogisticRegression(C=0.5).fit(X, Y)
    inference = model.inference(X, Y)
    ends = inference.conf_int(method="bootstrap", n_boot=200, seed=3)
    np.testing.assert_array_equal(ends, inference.conf_int(method="bootstrap", n_boot=200, seed=3))
    assert not np.array_equal(ends, inference.conf_int(method="bootstrap", n_boot=200, seed=4))
    assert (ends[:, 0] < inference.params).all()
    assert (inference.params < ends[:, 1]).all()
    text = str(inference.summary(method="bootstrap"))
    assert "97.5%" in text


def test_bootstrap_widths():
    """Of an unpenalised fit those of robust errors, to the noise of 400 draws."""
    x, y = data(2000, seed=1)
    inference = Inference(x, y, covariance="HC0")
    ends = inference.conf_int(method="bootstrap", n_boot=400)
    ratio = (ends[:, 1] - ends[:, 0]) / (2 * 1.96 * inference.bse)
    assert (np.abs(ratio - 1) < 0.2).all()


def test_bootstrap_counts_frequencies():
    """A row of weight 4 is drawn as four rows are: intervals half as wide."""
    once = Inference(X, Y).conf_int(method="bootstrap", n_boot=300)
    weight = np.full(120, 4.0)
    times = Inference(X, Y, sample_weight=weight).conf_int(method="bootstrap", n_boot=300)
    sampled = Inference(X, Y, sample_weight=weight, weights="sampling")
    same = sampled.conf_int(method="bootstrap", n_boot=300)
    width = (once[:, 1] - once[:, 0]).sum()
    assert 0.4 < (times[:, 1] - times[:, 0]).sum() / width < 0.6
    assert 0.8 < (same[:, 1] - same[:, 0]).sum() / width < 1.2


def test_sampling_weights_refuse_likelihoods():
    inference = Inference(X, Y, sample_weight=1.0 + Y, weights="sampling")
    for question in (
        lambda: inference.aic, lambda: inference.bic, lambda: inference.lr_test(),
        lambda: inference.score_test(), lambda: inference.conf_int(method="profile"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="sampling weights"):
            question()
    assert inference.wald_test("x0" == "x1" or None).df == 3
    assert "pseudo-likelihood" in str(inference.summary())


# ---------------------------------------------------------------------- the estimator


def test_estimator_and_direct_inference_agree():
    model = LogisticRegression(C=np.inf, tol=0.3).fit(X, Y)
    ours, direct = model.inference(X, Y), Inference(X, Y)
    np.testing.assert_allclose(ours.params, direct.params, rtol=1e-9)
    np.testing.assert_allclose(ours.bse, direct.bse, rtol=1e-9)
    assert not np.allclose(model.coef_[0], ours.params[:3], rtol=1e-9)  # polished


def test_names_labels_and_frames():
    frame = pd.DataFrame(X, columns=["age", "dose", "weight"])
    labels = np.where(Y == 1, "yes", "no")
    model = LogisticRegression(C=np.inf).fit(frame, labels)
    inference = model.inference(frame, labels)
    assert inference.names == ("age", "dose", "weight", "intercept")
    assert inference.classes.tolist() == ["no", "yes"]
    assert Inference(frame, Y).names == inference.names
    table = inference.to_frame()
    assert list(table.index) == list(inference.names)
    np.testing.assert_array_equal(table["coef"], inference.params)
    np.testing.assert_array_equal(table["2.5%"], inference.conf_int()[:, 0])
    turned = model.inference(frame, labels, reference="yes")
    np.testing.assert_allclose(turned.params, -inference.params, rtol=1e-9)
    text, markup = str(inference.summary()), inference._repr_html_()
    for word in ("age", "log-odds of yes against no", "std err", "LR chi2", "120"):
        assert word in text
        assert word in markup
    assert "<b>" not in Inference(X, Y, feature_names=["<b>", "a", "c"])._repr_html_()
    assert "120 observations" in repr(inference)


@pytest.mark.parametrize("kind", [np.float32, sp.csr_array, sp.csc_array])
def test_kinds_of_x(kind):
    made = X.astype(np.float32) if kind is np.float32 else kind(X)
    model = LogisticRegression(C=np.inf).fit(made, Y)
    expected = Inference(np.asarray(made.astype(float)) if kind is np.float32 else X, Y)
    inference = model.inference(made, Y)
    np.testing.assert_allclose(inference.params, expected.params, rtol=1e-8)
    np.testing.assert_allclose(inference.bse, expected.bse, rtol=1e-8)


def test_weights_offset_and_groups_reach_the_statistics():
    weight, offset, groups = 1.0 + Y, np.linspace(-1, 1, 120), np.arange(120) % 9
    model = LogisticRegression(C=np.inf).fit(X, Y, weight, offset=offset)
    given = {"offset": offset, "covariance": "cluster", "groups": groups, "weights": "sampling"}
    ours = model.inference(X, Y, weight, **given)
    direct = Inference(X, Y, sample_weight=weight, **given)
    np.testing.assert_allclose(ours.bse, direct.bse, rtol=1e-8)
    soft = LogisticRegression(C=np.inf).fit(X, np.column_stack([1 - Y, Y]) * 0.8 + 0.1)
    shares = np.column_stack([1 - Y, Y]) * 0.8 + 0.1
    np.testing.assert_allclose(
        soft.inference(X, shares).bse, Inference(X, 0.8 * Y + 0.1).bse, rtol=1e-8
    )


def test_no_intercept():
    model = LogisticRegression(C=np.inf, fit_intercept=False).fit(X, Y)
    inference = model.inference(X, Y)
    assert inference.names == ("x0", "x1", "x2")
    np.testing.assert_allclose(inference.params, Inference(X, Y, fit_intercept=False).params)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda m: m.inference(X[:, :2], Y), "X has 2 columns, the fit had 3"),
        (lambda m: m.inference(X, Y + 1), "y has the classes"),
        (lambda m: m.set_params(class_weight="balanced").inference(X, Y), "weights='sampling'"),
        (lambda m: m.inference(np.where(X > 2, np.nan, X), Y), "NaN"),
    ],
)
def test_data_that_are_not_those_of_the_fit(call, text):
    with pytest.raises(ValueError, match=text):
        call(LogisticRegression(C=np.inf).fit(X, Y))


def test_class_weights_with_a_robust_covariance():
    model = LogisticRegression(C=np.inf, class_weight={1: 3.0}).fit(X, Y)
    ours = model.inference(X, Y, weights="sampling")
    direct = Inference(X, Y, sample_weight=1.0 + 2.0 * Y, weights="sampling")
    np.testing.assert_allclose(ours.bse, direct.bse, rtol=1e-8)


def test_before_a_fit():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        LogisticRegression().inference(X, Y)


def test_statistics_need_no_scikit_learn(run_python):
    code = (
        "import sys, fastlogreg\n"
        "i = fastlogreg.Inference([[1.], [2.], [3.], [4.], [5.]], [0, 1, 0, 1, 1])\n"
        "str(i.summary(method='profile')), i.marginal_effects(), i.cooks_distance()\n"
        "fastlogreg.Logit([0, 1, 0, 1], [[1.], [2.], [3.], [-4.]]).fit().summary()\n"
        "print(sorted({'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)))\n"
    )
    assert run_python(code).stdout.strip() == "[]"


@pytest.mark.parametrize("options", [{"C": np.inf}, {"C": 1.0}, {"C": np.inf, "bounds": (-0.1, 1)}])
def test_columns_of_a_frame_in_another_order_are_refused(options):
    X, y = data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LogisticRegression(**options).fit(frame, y)
    turned = frame[["c", "b", "a"]]
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        model.predict_proba(turned)
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        model.inference(turned, y)
    assert model.inference(frame, y).names == ("a", "b", "c", "intercept")


@pytest.mark.parametrize("given", ["frame", "names", "estimator"])
def test_new_rows_in_another_order_are_refused(given):
    X, y = data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    inference = {
        "frame": lambda: Inference(frame, y),
        "names": lambda: Inference(X, y, feature_names=["a", "b", "c"]),
        "estimator": lambda: LogisticRegression(C=np.inf).fit(frame, y).inference(frame, y),
    }[given]()
    with pytest.raises(ValueError, match=r"columns \['c', 'b', 'a'\], the fit had \['a', 'b', 'c'"):
        inference.predict_interval(frame[["c", "b", "a"]])
    expected = inference.predict_interval(X)
    for other in (inference, Inference(X, y)):
        np.testing.assert_allclose(other.predict_interval(frame), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "sparse", "classes", "separated", "penalised", "firth"])
def test_a_pickle_answers_the_same(kind):
    if kind in ("penalised", "firth"):
        options = {"C": 1.0} if kind == "penalised" else {"penalty": "firth"}
        inference = LogisticRegression(**options).fit(X, Y).inference(X, Y)
    else:
        inference = {
            "binary": lambda: Inference(X, Y, covariance="HC1", sample_weight=1.0 + Y),
            "sparse": lambda: Inference(sp.csr_array(X), Y),
            "classes": lambda: Inference(X, THREE),
            "separated": lambda: Inference(np.column_stack([X, Y * (X[:, 1] > 0.5)]), Y),
        }[kind]()
    again = pickle.loads(pickle.dumps(inference))
    assert str(again.summary()) == str(inference.summary())
    method = "bootstrap" if inference.penalised else "profile"
    given = {"n_boot": 20} if inference.penalised else {}
    np.testing.assert_array_equal(
        again.conf_int(method=method, **given), inference.conf_int(method=method, **given)
    )


def test_separated_samples_are_not_sent_where_they_are_refused():
    dummy = np.column_stack([X, Y * (X[:, 1] > 0.5)])
    inference = Inference(dummy, Y, weights="sampling", sample_weight=np.ones(120))
    (note,) = [text for text in inference.notes if "separated" in text]
    assert "lr_test" not in note
    assert "profile" not in note
    assert "sampling weights" in note
    with pytest.raises(ValueError, match="sampling weights") as caught:
        inference.conf_int(method="bootstrap")
    assert "profile" not in str(caught.value)
    assert "conf_int(method='profile')" in Inference(dummy, Y).notes[0]


def test_labels_in_error_texts_are_plain():
    labels = np.array([np.str_("no"), np.str_("yes")], dtype=object)[Y]
    model = LogisticRegression(C=np.inf).fit(X, labels)
    with pytest.raises(ValueError, match=r"classes \['no', 'yes'\]"):
        model.inference(X, labels, reference="perhaps")
    others = np.array([np.str_("a"), np.str_("b")], dtype=object)[Y]
    with pytest.raises(ValueError, match=r"classes \['a', 'b'\], the fit had \['no', 'yes'\]"):
        model.inference(X, others)
    with pytest.raises(ValueError, match=r"3 labels, got \['no', 'yes'\]"):
        Inference(X, np.eye(3)[THREE], classes=np.unique(labels))
    with pytest.raises(ValueError, match="of class 'yes'"):
        Inference(X, 0 * Y, classes=np.unique(labels))
    three = np.array([np.str_(letter) for letter in "abc"], dtype=object)[THREE]
    with pytest.warns(UserWarning, match="against the rest") as told:
        LogisticRegression(C=np.inf, multi_class="ovr", max_iter=0).fit(X, three)
    assert [str(one.message)[:9] for one in told] == ["Class 'a'", "Class 'b'", "Class 'c'"]
    with pytest.raises(ValueError, match="whose classes are 'a', 'b', 'c'"):
        LogisticRegression(reference_class="d").fit(X, three)
