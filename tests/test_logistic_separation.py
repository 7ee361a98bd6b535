"""What the estimators make of separated classes: warnings, errors, verdicts, ways out."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from common.separation import load
from fastlogreg import LogisticRegression
from fastlogreg.warnings import SeparationError, SeparationWarning


def treated():
    rng = np.random.default_rng(0)
    n = 200
    columns = {"treatment": np.arange(n) < 29, "age": rng.normal(50, 10, n), "dose": rng.random(n)}
    y = np.where(rng.random(n) < 0.5, "yes", "no")
    y[:29] = "yes"
    return pytest.importorskip("pandas").DataFrame(columns).astype(float), y


def test_the_warning_is_help():
    X, y = treated()
    with pytest.warns(SeparationWarning) as record:
        model = LogisticRegression(C=np.inf).fit(X, y)
    told = (
        "no finite maximum-likelihood estimate: 'treatment' -> +inf (quasi-complete; 29 of 200 "
        "rows have treatment=1, all of class 'yes'). Finite: age, dose. "
        "Options: penalty='firth' | C=100 | drop the column"
    )
    assert str(record[0].message) == str(model.separation_) == told
    assert record[0].filename == __file__
    assert model.separation_.verify(X, y)


def test_the_parameter():
    X, y = treated()
    with pytest.raises(SeparationError, match="'treatment' -> .inf"):
        LogisticRegression(C=np.inf, separation="raise").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=np.inf, separation="ignore").fit(X, y)
    assert model.separation_ is None
    with pytest.raises(ValueError, match="separation"):
        LogisticRegression(separation="no").fit(X, y)


def test_an_error_leaves_the_estimator_as_it_was():
    X, y = treated()
    model = LogisticRegression(C=np.inf, separation="raise")
    with pytest.raises(SeparationError):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


def test_what_a_penalty_holds_is_not_looked_at():
    X, y = treated()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LogisticRegression().fit(X, y).separation_ is None
        bounded = LogisticRegression(C=np.inf, bounds={"treatment": (-3, 3)}).fit(X, y)
        free = LogisticRegression(penalty_factor={"age": 0}).fit(X, y)
    for model in (bounded, free):
        assert model.separation_.kind == "overlap"
        assert model.separation_.verify(X, y)


@pytest.mark.parametrize("parameters", [{"penalty_factor": {"treatment": 0}}, {"C": 1e9}])
def test_penalties_that_do_not_hold(parameters):
    X, y = treated()
    with pytest.warns(SeparationWarning, match="'treatment' -> "):
        model = LogisticRegression(**parameters).fit(X, y)
    assert model.separation_.infinite == {"treatment": 1}
    assert model.separation_.verify(X, y)


def test_offsets_and_weights_reach_the_verdict():
    X, y = treated()
    rng = np.random.default_rng(2)
    offset, weight = 3.0 * rng.standard_normal(len(y)), rng.exponential(size=len(y))
    weight[:29] = 0.0
    model = LogisticRegression(C=np.inf).fit(X.to_numpy()[:, 1:], y, weight, offset=offset)
    assert model.separation_.kind == "overlap"
    assert model.separation_.verify(X.to_numpy()[:, 1:], y, weight)


def test_a_fit_that_overlaps_does_not_warn():
    X, y, _ = load("birthwt")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=np.inf).fit(X, y)
    assert model.separation_.kind == "overlap"
    assert not hasattr(model.separation_, "X")


def test_firth_in_place_of_infinity():
    """The estimate of `fastlogreg.firth` takes the place of coefficients that run off."""
    X, y = treated()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=np.inf, separation="firth").fit(X, y)
    assert model.separation_.infinite == {"treatment": 1}
    assert model.certificate_ is None
    assert model.converged_
    target = (y == model.classes_[1]).astype(float)
    np.testing.assert_array_equal(model.coef_[0], fastlogreg.firth(X.to_numpy(), target).coef)
    finite = LogisticRegression(C=np.inf, separation="firth").fit(X[["age", "dose"]], y)
    assert finite.certificate_ is not None
    assert not finite.separation_.separated


def test_firth_in_place_of_infinity_of_many_classes():
    X, y = three_classes()
    model = LogisticRegression(C=np.inf, separation="firth", reference_class="b").fit(X, y)
    codes = np.searchsorted(model.classes_, y)
    theirs = fastlogreg.firth(X, codes, n_classes=3, reference_class=1)
    np.testing.assert_array_equal(model.coef_, theirs.coef)
    assert not model.coef_[1].any()
    assert model.separation_.separated


def three_classes():
    """Labels of three classes, and a dummy whose rows are all of the last."""
    rng = np.random.default_rng(4)
    X = np.column_stack([np.arange(120) < 11, rng.standard_normal(120)]).astype(float)
    y = np.array(["a", "b", "c"])[rng.integers(0, 3, 120)]
    y[:11] = "c"
    return X, y


def test_many_classes():
    X, y = three_classes()
    with pytest.warns(SeparationWarning, match="x0 of class 'c' -> .inf"):
        model = LogisticRegression(C=np.inf).fit(X, y)
    verdict = model.separation_
    assert verdict.infinite == {("a", 0): 0, ("b", 0): 0, ("c", 0): 1}
    assert verdict.verify(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LogisticRegression(C=np.inf).fit(X[:, 1:], y).separation_.kind == "overlap"
        assert LogisticRegression().fit(X, y).separation_ is None
    with pytest.warns(SeparationWarning):
        model = LogisticRegression(C=np.inf, reference_class="c").fit(X, y)
    assert model.separation_.infinite == {("a", 0): -1, ("b", 0): -1}
    assert model.separation_.verify(X, y)


def test_many_classes_are_told_what_the_rows_have_in_common():
    X, y = three_classes()
    codes = np.searchsorted(["a", "b", "c"], y)
    verdict = fastlogreg.check_separation(X, codes, n_classes=3, feature_names=["drug", "age"])
    assert "(quasi-complete; 11 of 120 rows have drug=1, all of class 2). Finite: age." in str(
        verdict
    )
    weight = np.where(np.arange(120) < 4, 0.0, 1.0)
    verdict = fastlogreg.check_separation(X, codes, n_classes=3, sample_weight=weight)
    assert "7 of 116 rows have x0=1, all of class 2)" in str(verdict)
    verdict = fastlogreg.check_separation(-X, codes == 2, n_classes=2)
    assert "11 of 120 rows have x0=-1, all of class 1)" in str(verdict)
    with pytest.warns(SeparationWarning, match="11 of 120 rows have x0=1, all of class 'c'"):
        LogisticRegression(C=np.inf).fit(X, y)


def test_classes_without_weight():
    X, y = three_classes()
    weight = np.where(y == "a", 0.0, 1.0)
    with pytest.warns(SeparationWarning):
        model = LogisticRegression(C=np.inf).fit(X, y, weight)
    assert model.separation_.classes.tolist() == ["b", "c"]
    assert model.separation_.verify(X, y, weight)
    with pytest.raises(ValueError, match="labels that are not in"):
        model.separation_.verify(X, y)


def test_more_columns_than_rows_tell_apart():
    """Every row on its side, columns that others replace: no rows are left to tie."""
    for X, y in (
        (np.eye(3)[[0, 1, 2] * 5], [0, 1, 2] * 5),
        (np.eye(9), [0, 1, 2] * 3),
        (np.random.default_rng(1).normal(size=(20, 40)), np.arange(20) % 3),
    ):
        with pytest.warns(SeparationWarning, match="complete"):
            model = LogisticRegression(C=np.inf).fit(X, y)
        assert model.separation_.verify(X, y)


@pytest.mark.parametrize("seed", range(60))
def test_rows_without_weight_are_as_if_they_were_not_there(seed):
    """Dummies of few rows: columns that only rows without weight have are left out."""
    rng = np.random.default_rng(seed)
    n, p, K = rng.integers(6, 30), rng.integers(1, 40), 2 + seed % 2
    X = np.eye(n) if seed % 3 == 0 else (rng.random((n, p)) < 0.15).astype(float)
    y, weight = rng.integers(0, K, n), (rng.random(n) > 0.4).astype(float)
    y[:K], weight[:K] = np.arange(K), 1.0
    counts = weight > 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=np.inf).fit(X, y, sample_weight=weight)
        bare = LogisticRegression(C=np.inf).fit(X[counts], y[counts])
    assert model.separation_.kind == bare.separation_.kind
    assert model.separation_.infinite == bare.separation_.infinite
    assert model.separation_.collinear == bare.separation_.collinear
    assert model.separation_.verify(X, y, sample_weight=weight)


@pytest.mark.parametrize("K", [2, 3])
def test_unsorted_sparse_rows_are_left_as_they_are(K):
    X = np.random.default_rng(0).normal(size=(60, 5))
    y, unsorted = np.arange(60) % K, sp.csr_matrix(X)
    for array in (unsorted.indices, unsorted.data):
        array[:] = array.reshape(60, 5)[:, ::-1].ravel()
    unsorted.has_sorted_indices = False
    for array in (unsorted.indices, unsorted.data, unsorted.indptr):
        array.flags.writeable = False
    before = unsorted.indices.copy()
    model = LogisticRegression(C=np.inf).fit(unsorted, y)
    assert model.separation_.kind == "overlap"
    assert model.separation_.verify(unsorted, y)
    np.testing.assert_array_equal(unsorted.indices, before)


def test_only_one_class():
    assert "rows of class 1 only" in str(fastlogreg.check_separation([[1.0], [2], [4]], [1, 1, 1]))


def test_firth_is_offered_without_what_it_refuses():
    X = np.column_stack([np.arange(8.0), 2.0 * np.arange(8), [1, 0, 0, 1, 0, 1, 1, 0]])
    y = np.arange(8) > 3
    verdict = fastlogreg.check_separation(X, y)
    assert verdict.collinear == [1]
    assert "penalty='firth' without what is left out" in str(verdict)
    fastlogreg.firth(np.delete(X, verdict.collinear, axis=1), y)


def test_verdicts_of_one_against_the_rest_take_the_labels_of_all():
    X, y = np.arange(6.0)[:, None], list("aabbcc")
    with pytest.warns(SeparationWarning) as record:
        model = LogisticRegression(C=np.inf, multi_class="ovr").fit(X, y)
    assert "for all of the rest and none of 'a'" in str(record[0].message)
    assert "for all of class 'c' and none of the rest" in str(record[1].message)
    for copy in (pickle.loads(pickle.dumps(model)), LogisticRegression.from_json(model.to_json())):
        for verdict in copy.separation_:
            assert verdict.verify(X, y)
        assert "none of the rest" in str(copy.separation_[2])
    assert not model.separation_[0].verify(X, list("aabbca"))


def test_one_against_the_rest():
    X, y = three_classes()
    estimator = LogisticRegression(C=np.inf, multi_class="ovr")
    with pytest.warns(SeparationWarning) as record:
        model = estimator.fit(X, y)
    told = [str(warning.message) for warning in record]
    assert [text[:27] for text in told] == [f"Class {k!r} against the rest:" for k in "abc"]
    assert "x0 -> +inf" in told[2]
    assert record[0].filename == __file__
    assert [verdict.infinite for verdict in model.separation_] == [{0: -1}, {0: -1}, {0: 1}]
    for label, verdict in zip("abc", model.separation_, strict=True):
        assert verdict.verify(X, y == label)
    with pytest.raises(SeparationError, match="Class 'a' against the rest"):
        estimator.set_params(separation="raise").fit(X, y)
