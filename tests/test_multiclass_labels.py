"""Labels of many classes: of any kind and container, or what scikit-learn says of them."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils.multiclass import type_of_target

from common.classes import DATA, schemes
from fastlogreg import LogisticRegression
from fastlogreg.estimators.labels import encode_any_labels, encode_labels

LABELS = {
    "far apart": np.array([-5, 1000, 10**6]),
    "int8": np.array([-120, 0, 120], dtype=np.int8),
    "uint64": np.array([1, 2, 2**64 - 1], dtype=np.uint64),
    "large uint64": np.array([2**64 - 9, 2**64 - 5, 2**64 - 1], dtype=np.uint64),
    "floats": np.array([-1.0, 0.0, 2.0]),
    "float32": np.array([1.0, 2.0, 300.0], dtype=np.float32),
    "texts": np.array(["a", "bb", "\u00e4"]),
    "objects": np.array(["a", "bb", "\u00e4"], dtype=object),
}


@pytest.mark.parametrize("kind", LABELS)
@schemes
def test_labels_of_any_kind(kind, scheme):
    X, y = DATA["iris"]()
    model = LogisticRegression(**scheme).fit(X, y)
    named = LogisticRegression(**scheme).fit(X, LABELS[kind][y])
    assert named.coef_.tobytes() == model.coef_.tobytes()
    assert named.classes_.dtype == LABELS[kind].dtype
    np.testing.assert_array_equal(named.classes_, LABELS[kind])
    np.testing.assert_array_equal(named.predict(X), LABELS[kind][model.predict(X)])
    if LABELS[kind].dtype.kind == "u":  # a list of such numbers is one of floats to NumPy
        return
    listed = LogisticRegression(**scheme).fit(X.tolist(), LABELS[kind][y].tolist())
    np.testing.assert_array_equal(listed.predict(X), named.predict(X))


@pytest.mark.parametrize("kind", LABELS)
def test_codes_are_those_of_unique(kind):
    y = LABELS[kind][np.random.default_rng(0).integers(0, 3, 200)]
    classes, codes = np.unique(y, return_inverse=True)
    for encoded in (encode_labels(y) or encode_any_labels(y), encode_any_labels(y)):
        np.testing.assert_array_equal(encoded[0], classes)
        np.testing.assert_array_equal(encoded[1], codes)
    assert encode_labels(y) is not None or kind in ("far apart", "uint64")


@schemes
def test_pandas_frames_and_series(scheme):
    pd = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = pd.Series(np.array(["a", "b", "c"])[y])
    model = LogisticRegression(**scheme).fit(X, names)
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.coef_.tobytes() == LogisticRegression(**scheme).fit(X, y).coef_.tobytes()
    category = LogisticRegression(**scheme).fit(X, names.astype("category"))
    assert category.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(category.predict(X), model.predict(X))


def test_a_y_that_may_be_no_labels_gives_scikit_learns_warning():
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.arange(40) // 2 * 3
    y[-1] += 1
    type_of_target(y)
    y = np.arange(40)
    with pytest.warns(UserWarning, match="greater than 50% of the number of samples"):
        LogisticRegression().fit(X, y)
