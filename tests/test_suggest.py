"""`suggest`: the statistics, the screening, the p-values, and what it says of XOR."""

import numpy as np
import pytest
from scipy import sparse, stats

import fastlogreg
from fastlogreg import LogisticRegression, reference, suggest
from fastlogreg.diagnostics.score_tests import Columns, ScoreTests, tail_probability, tilt

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]


def draw(n, p, seed=0, product=0.0, rate=0.5, slope=0.5):
    """Normal X, and y from all columns and `product` times the product of the last two."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    z = slope * X @ rng.standard_normal(p) / np.sqrt(p) + product * X[:, -1] * X[:, -2]
    return X, rng.random(n) < reference.sigmoid(z + np.log(rate / (1 - rate)))


def explicit(X, y, first, second, weight=None, offset=None, intercept=True):
    """Rao's statistic of one product, from the information of the model that has it."""
    n = len(y)
    weight = np.ones(n) if weight is None else weight
    offset = np.zeros(n) if offset is None else offset
    fit = fastlogreg.fit(
        X, y, sample_weight=weight, offset=offset, fit_intercept=intercept, tol=1e-14
    )
    p = reference.sigmoid(X @ fit.coef + fit.intercept + offset)
    A = np.column_stack([X, np.ones(n)] if intercept else [X])
    A = np.column_stack([A, X[:, first] * X[:, second]])
    information = A.T @ (A * (weight * p * (1 - p))[:, None])
    score = A.T @ (weight * (y - p))
    return score @ np.linalg.solve(information, score)


def score_tests_of(X, y, coef=None, intercept=0.0, weight=None):
    n, p = X.shape
    weight = np.ones(n) if weight is None else weight
    if coef is None:
        fit = fastlogreg.fit(X, y, sample_weight=weight)
        coef, intercept = fit.coef, fit.intercept
    columns = Columns(X, (n, p), True, 1)
    return ScoreTests(columns, X @ coef + intercept, y.astype(float), weight)


# ---------------------------------------------------------------------- statistics


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("rows", ["plain", "weighted", "offset"])
def test_statistic_is_the_efficient_score(intercept, rows):
    X, y = draw(300, 4, product=0.8)
    X[:, 1] = np.exp(X[:, 1])
    X[:, 2] += 3.0
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 4, 300).astype(float) if rows == "weighted" else None
    offset = rng.standard_normal(300) if rows == "offset" else None
    found = suggest(
        X, y, sample_weight=weight, offset=offset, fit_intercept=intercept, level=0.999, top=99
    )
    assert len(found) >= 1
    for item in found:
        expected = explicit(X, y, *item.columns, weight, offset, intercept)
        assert item.statistic == pytest.approx(expected, rel=1e-6)
    assert found.n_candidates == 10
    assert found[0].columns == (2, 3)


def hard_columns(n=900, p=66):
    """Normal, skew, two-valued and repeated columns, 2211 products; several of them matter."""
    X, _ = draw(n, p, seed=3)
    X[:, 10:20] = np.exp(X[:, 10:20])
    X[:, 20:30] = X[:, 20:30] > 0.5
    X[:, 30] = X[:, 31]
    z = 0.3 * X[:, 0] + X[:, 40] * X[:, 41] + 0.7 * X[:, 42] ** 2 - 0.7
    return X, np.random.default_rng(4).random(n) < reference.sigmoid(z)


def test_screening_passes_over_nothing_significant():
    X, y = hard_columns()
    tests = score_tests_of(X, y)
    assert len(tests.first) > 2048
    ranked = [(t, k) for t, k in tests.ranked(0.05) if t >= tests.threshold(0.05)]
    statistic, left = tests._exact(np.arange(len(tests.first)))
    everything = np.flatnonzero(left & (statistic >= tests.threshold(0.05)))
    assert {k for _, k in ranked} == set(everything.tolist())
    assert len(everything) >= 2
    assert [t for t, _ in ranked] == sorted(statistic[everything], reverse=True)


def test_bounds_hold_and_spare_most_of_the_work():
    X, y = hard_columns(3000)
    tests = score_tests_of(X, y)
    upper = tests._upper_bounds()
    statistic, left = tests._exact(np.arange(len(upper)))
    assert (upper[left] >= statistic[left] * (1 - 1e-9)).all()
    assert np.mean(upper >= tests.threshold(0.05)) < 0.3


def test_score_is_corrected_for_coefficients_short_of_the_optimum():
    X, y = draw(2000, 3, product=0.3)
    fit = fastlogreg.fit(X, y)
    at, _ = score_tests_of(X, y)._exact(np.arange(6))
    near, _ = score_tests_of(X, y, fit.coef + 0.1, fit.intercept - 0.1)._exact(np.arange(6))
    np.testing.assert_allclose(near, at, rtol=0.05, atol=0.15)


def test_shifts_and_scales_of_columns_change_nothing():
    X, y = draw(500, 5, product=0.7)
    plain = suggest(X, y)
    moved = suggest(X * np.logspace(-4, 4, 5) + [1e-4, 0, 3, 0, 1e5], y)
    assert len(plain) == 1
    assert moved[0].columns == plain[0].columns == (3, 4)
    assert moved[0].statistic == pytest.approx(plain[0].statistic, rel=1e-6)
    assert moved[0].pvalue == pytest.approx(plain[0].pvalue, rel=1e-4)
    assert moved[0].coef == pytest.approx(plain[0].coef / 1e4 / 1e2, rel=1e-6)


def test_weights_are_repeated_rows():
    X, y = draw(300, 3, product=0.8)
    times = np.random.default_rng(2).integers(0, 4, 300)
    once = suggest(X, y, sample_weight=times, top=3)
    often = suggest(np.repeat(X, times, axis=0), np.repeat(y, times), top=3)
    assert len(once) == len(often) >= 1
    assert once[0].pvalue == pytest.approx(often[0].pvalue, rel=1e-5)
    assert once[0].gain == pytest.approx(often[0].gain, rel=1e-6)
    assert once.loglik == pytest.approx(often.loglik)
    assert once.accuracy == pytest.approx(often.accuracy)


def test_every_layout(basic_layout):
    A, _ = draw(400, 6)
    X = basic_layout.make(A)
    dense = basic_layout.dense(X)
    z = 4 * dense[:, 0] * dense[:, 3] - 2 * dense[:, 4] ** 2
    y = np.random.default_rng(5).random(400) < reference.sigmoid(z)
    found, expected = suggest(X, y), suggest(dense, y)
    assert [item.columns for item in found] == [item.columns for item in expected]
    statistics = [[item.statistic for item in items] for items in (found, expected)]
    np.testing.assert_allclose(*statistics, rtol=1e-5)
    assert found.found or basic_layout.name == "CSC-ones"  # whose products are columns


# ---------------------------------------------------------------------- p-values


def test_a_planted_pair_among_200_columns():
    X, y = draw(4000, 200, product=0.4)
    names = [f"c{j}" for j in range(200)]
    found = suggest(X, y, feature_names=names)
    assert [item.name for item in found] == ["c198*c199"]
    assert found.n_candidates == 200 + 19900
    assert "c198*c199" in str(found)
    assert "20,100 squares and products" in str(found)


@pytest.mark.parametrize(
    ("n", "p", "rate", "kind", "runs"),
    [
        (100, 4, 0.5, "normal", 200),
        (150, 30, 0.5, "normal", 100),
        (600, 6, 0.05, "skew", 100),
        (200, 5, 0.2, "two-valued", 100),
    ],
)
def test_null_data_give_nothing(n, p, rate, kind, runs):
    hits = 0
    for seed in range(runs):
        X, _ = draw(n, p, seed)
        X = {"normal": X, "skew": np.exp(X), "two-valued": X > 0.5}[kind].astype(float)
        rng = np.random.default_rng(1000 + seed)
        z = 0.5 * (X - X.mean(axis=0)) @ rng.standard_normal(p) / np.sqrt(p)
        y = rng.random(n) < reference.sigmoid(z + np.log(rate / (1 - rate)))
        found = suggest(X, y)
        assert found.n_candidates > 0
        hits += len(found) > 0
    assert hits <= 0.08 * runs


@pytest.mark.parametrize("chance", [1e-2, 1e-3, 1e-4])
def test_tails_of_a_skew_sum(chance):
    """Against all 2^14 outcomes, where the normal approximation is off by far."""
    rng = np.random.default_rng(3)
    direction, p = np.exp(rng.standard_normal(14)), np.full(14, 0.05)
    outcomes = (np.arange(2**14)[:, None] >> np.arange(14)) & 1
    sums = (outcomes - p) @ direction
    chances = np.prod(np.where(outcomes, p, 1 - p), axis=1)
    order = np.argsort(-sums)
    total = sums[order[np.searchsorted(np.cumsum(chances[order]), chance)]]
    exact = chances[np.abs(sums) >= abs(total) * (1 - 1e-12)].sum()
    score = np.log(p / (1 - p))
    assert tail_probability(direction, score, np.ones(14), total) == pytest.approx(exact, rel=0.6)
    normal = 2 * stats.norm.sf(total / np.sqrt(np.sum(direction**2 * p * (1 - p))))
    assert normal < 0.3 * exact


def test_tails_at_the_ends():
    row = np.ones(3), np.zeros(3), np.ones(3)
    assert tail_probability(*row, 1.5) is None
    assert tail_probability(*row, 0.0) == 1.0
    skew = np.array([3.0, 1.0]), np.array([-3.0, -3.0]), np.ones(2)
    down = -4.0 * reference.sigmoid(-3.0)
    assert tilt(*skew, 2 * down)[:2] == (-np.inf, np.inf)
    t, gain, _ = tilt(*skew, down)
    assert t == -np.inf
    assert np.exp(-gain) == pytest.approx(reference.sigmoid(3.0) ** 2)


def test_tails_of_a_normal():
    rng = np.random.default_rng(6)
    direction, score = rng.standard_normal(5000), 0.3 * rng.standard_normal(5000)
    p = reference.sigmoid(score)
    deviation = np.sqrt(np.sum(direction**2 * p * (1 - p)))
    for sigmas in (0.5, 2.0, 4.0):
        chance = tail_probability(direction, score, np.ones(5000), sigmas * deviation)
        assert chance == pytest.approx(2 * stats.norm.sf(sigmas), rel=0.05)


def test_tilt_is_the_best_coefficient():
    rng = np.random.default_rng(7)
    d, score, weight = rng.standard_normal(50), rng.standard_normal(50), rng.random(50)
    y = rng.random(50) < 0.5
    total = float((weight * d) @ (y - reference.sigmoid(score)))
    t, gain, bend = tilt(d, score, weight, total)

    def loglik(c):
        return -weight @ reference.binary_cross_entropy(y.astype(float), score + c * d)

    assert gain == pytest.approx(loglik(t) - loglik(0.0))
    assert gain > max(loglik(t + 0.01), loglik(t - 0.01)) - loglik(0.0)
    moved = reference.sigmoid(score + t * d)
    assert bend == pytest.approx((weight * d**2) @ (moved * (1 - moved)))


def test_gain_is_what_a_refit_wins_at_least():
    X, y = draw(1000, 4, product=0.4)
    item = suggest(X, y)[0]
    before = fastlogreg.fit(X, y)
    after = fastlogreg.fit(np.column_stack([X, X[:, 2] * X[:, 3]]), y)
    won = 1000 * (before.objective - after.objective)
    assert 0.9 * won <= item.gain <= won * (1 + 1e-9)
    assert item.coef == pytest.approx(after.coef[-1], rel=0.2)
    assert not item.separates


# ---------------------------------------------------------------------- what it says


@pytest.mark.parametrize("code", [0, -1])
def test_xor(code):
    X = np.where(np.array(XOR) > 0, 1, code)
    found = suggest(X, [0, 1, 1, 0])
    (item,) = found
    assert item.name == "x0*x1"
    assert item.separates
    assert item.gain == pytest.approx(4 * np.log(2))
    assert found.accuracy == found.accuracy_null == 0.5
    assert found.loglik == pytest.approx(found.loglik_null)
    assert "50.0% of the rows" in str(found)
    assert "With x0*x1 added the classes are separated" in str(found)


def test_noisy_xor():
    rng = np.random.default_rng(8)
    X = rng.standard_normal((200, 2))
    y = (X[:, 0] * X[:, 1] > 0) ^ (rng.random(200) < 0.1)
    found = suggest(X, y)
    assert [item.name for item in found] == ["x0*x1"]
    assert found[0].pvalue < 1e-8
    assert found.accuracy < 0.65
    assert not found[0].separates
    assert "separated" not in str(found)


def test_squares_are_named():
    X, _ = draw(500, 3)
    y = np.random.default_rng(9).random(500) < reference.sigmoid(X[:, 1] ** 2 - 1)
    assert [item.name for item in suggest(X, y)] == ["x1^2"]


def test_nothing_to_test_and_nothing_found():
    two_valued = [[0.0], [1.0], [0.0], [1.0]]
    nothing = suggest(two_valued, [0, 1, 1, 0])
    assert (nothing.n_candidates, len(nothing)) == (0, 0)
    assert "adds anything to its columns" in str(nothing)
    X, y = draw(100, 2, seed=1)
    none = suggest(X, y)
    assert "Of 3 squares and products none" in str(none)
    apart = suggest(X, X[:, 0] > 0)
    assert len(apart) == 0
    assert "separates the classes already" in str(apart)
    assert apart.accuracy == 1.0


def test_quasi_separated_data_are_tested():
    X, y = draw(600, 3, product=1.0)
    rare = np.zeros(600)
    rare[np.flatnonzero(y)[:12]] = 1.0  # its coefficient has no finite optimum
    found = suggest(np.column_stack([rare, X]), y)
    assert found[0].name == "x2*x3"


def test_top_and_level():
    X, y = draw(2000, 3, product=1.0)
    X = np.column_stack([X, X[:, 2] + 0.1 * X[:, 0]])  # x1*x3 says much the same as x1*x2
    assert [item.name for item in suggest(X, y, top=1)] == ["x1*x2"]
    assert len(suggest(X, y, top=0)) == 0
    assert len(suggest(X, y)) == 2
    assert all(item.pvalue <= 1e-3 for item in suggest(X, y, level=1e-3))


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"level": 0.0}, ValueError, "level must be"),
        ({"level": 1.0}, ValueError, "level must be below 1"),
        ({"level": "low"}, TypeError, "level must be a real number"),
        ({"top": -1}, ValueError, "top must be"),
        ({"fit_intercept": 1}, TypeError, "fit_intercept must be"),
        ({"coef": [1.0]}, ValueError, r"coef must have shape \(2,\)"),
        ({"coef": [1.0, 2.0], "intercept": "x"}, TypeError, "intercept must be"),
        ({"feature_names": ["a"]}, ValueError, "feature_names must have 2 names"),
        ({"sample_weight": [1.0]}, ValueError, "sample_weight"),
        ({"offset": [np.nan] * 4}, ValueError, "offset"),
        ({"y": [0, 1, 2, 3]}, ValueError, "y must hold"),
        ({"n_classes": 1}, ValueError, "n_classes must be an integer of at least 2"),
        ({"class_names": ["a"]}, ValueError, "class_names must have 2 names"),
        ({"n_classes": 3, "offset": [0.0] * 4}, ValueError, r"offset must have shape \(4, 3\)"),
        ({"X": [[np.nan, 1]] * 4}, ValueError, "X contains NaN"),
        ({"X": np.zeros((4, 2001))}, ValueError, "2,001 columns.*at most 2,000"),
    ],
)
def test_bad_input(change, error, text):
    good = {"X": np.array(XOR, dtype=float), "y": [0, 1, 1, 0]}
    with pytest.raises(error, match=text):
        suggest(**(good | change))


# ---------------------------------------------------------------------- many classes


def draw_classes(n, p, seed=0, product=0.0):
    """Normal X and three classes; the last one's score has a product of the last two columns."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    Z = 0.5 * X @ rng.standard_normal((p, 3)) / np.sqrt(p)
    Z[:, 2] += product * X[:, -1] * X[:, -2]
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return X, (rng.random((n, 1)) > P.cumsum(axis=1)).sum(axis=1)


def test_class_and_product_are_named():
    X, y = draw_classes(3000, 12, product=0.5)
    found = suggest(X, y, n_classes=3, class_names=["ash", "birch", "cedar"])
    item = found[0]
    assert (item.name, item.label) == ("x10*x11", "cedar")
    assert {item.name for item in found} == {"x10*x11"}
    assert found.n_candidates == 3 * 78
    assert "x10*x11 (class cedar)" in str(found)


def test_statistic_of_a_class_is_not_above_the_joint_ones():
    """Explicitly: its curvatures alone, and the whole information of the softmax."""
    X, y = draw_classes(800, 4, product=0.6)
    rng = np.random.default_rng(1)
    offset, weight = 0.3 * rng.standard_normal((800, 3)), rng.random(800)
    kept = {"offset": offset, "sample_weight": weight, "n_classes": 3}
    item = suggest(X, y, **kept)[0]
    assert (item.columns, item.label) == ((2, 3), 2)
    fit = fastlogreg.fit(X, y, tol=1e-12, **kept)
    P = fastlogreg.predict_proba(X, fit.coef, fit.intercept, offset=offset)
    A = np.column_stack([X, np.ones(800)])
    z = X[:, 2] * X[:, 3]
    score = z @ (weight * ((y == 2) - P[:, 2]))

    def blocks(left, right, classes):
        """left' W right with W of the softmax, for every pair of classes."""
        W = [
            [weight * P[:, k] * ((k == m) - P[:, m]) for m in classes] for k in range(3)
        ]  # fmt: skip
        return np.block([[left.T @ (right * w[:, None]) for w in row] for row in W])

    of_class = A.T @ (A * (weight * P[:, 2] * (1 - P[:, 2]))[:, None])
    inner = blocks(A, z[:, None], [2])
    curvature = float(z**2 @ (weight * P[:, 2] * (1 - P[:, 2])))
    mine = inner[-5:, 0]
    alone = score**2 / (curvature - mine @ np.linalg.solve(of_class, mine))
    joint = score**2 / (
        curvature - inner[:, 0] @ np.linalg.pinv(blocks(A, A, range(3))) @ inner[:, 0]
    )
    assert item.statistic == pytest.approx(alone, rel=1e-6)
    assert item.statistic <= joint


def test_gain_of_a_class_is_what_a_refit_wins_at_least():
    X, y = draw_classes(2000, 3, product=0.4)
    item = suggest(X, y, n_classes=3, top=1)[0]
    before = fastlogreg.fit(X, y, n_classes=3)
    X2 = np.column_stack([X, X[:, 1] * X[:, 2]])
    won = 2000 * (before.objective - fastlogreg.fit(X2, y, n_classes=3).objective)
    assert 0.7 * won <= item.gain <= won * (1 + 1e-6)


def test_two_classes_with_a_score_each_are_the_binary_model():
    X, y = draw(500, 3, product=0.7)
    offset = np.random.default_rng(3).standard_normal(500)
    one = suggest(X, y, offset=offset)
    two = suggest(X, y.astype(int), n_classes=2, offset=np.column_stack([-offset / 2, offset / 2]))
    soft = suggest(X, np.column_stack([~y, y]).astype(float), offset=np.outer(offset, [0, 1]))
    for other in (two, soft):
        assert [item.name for item in other] == [item.name for item in one] != []
        assert other[0].statistic == pytest.approx(one[0].statistic, rel=1e-5)
        assert other[0].pvalue == pytest.approx(one[0].pvalue, rel=1e-4)
        assert other.loglik == pytest.approx(one.loglik)
        assert other.accuracy == pytest.approx(one.accuracy)
        assert other[0].label is None


def test_classes_of_null_data_give_nothing():
    hits = 0
    for seed in range(100):
        X, y = draw_classes(150, 4, seed)
        hits += len(suggest(X, y, n_classes=3)) > 0
    assert hits <= 8


def test_coefficients_of_classes_are_a_start():
    X, y = draw_classes(500, 3, product=0.8)
    fit = fastlogreg.fit(X, y, n_classes=3, alpha=0.1)
    cold = suggest(X, y, n_classes=3)
    for intercept in (fit.intercept, None):
        warm = suggest(X, y, fit.coef, intercept, n_classes=3)
        assert warm[0].name == cold[0].name
        assert warm[0].statistic == pytest.approx(cold[0].statistic, rel=1e-4)


# ---------------------------------------------------------------------- the estimator


def test_estimator_suggests():
    X, y = draw(600, 4, product=0.8)
    expected = suggest(X, y)
    labels = np.where(y, "yes", "no")
    model = LogisticRegression(C=0.01, class_weight="balanced")
    for found in (model.suggest(X, labels), model.fit(X, labels).suggest(X, labels)):
        assert [item.name for item in found] == [item.name for item in expected]
        assert found[0].statistic == pytest.approx(expected[0].statistic, rel=1e-5)
        assert found.loglik == pytest.approx(expected.loglik)


def test_estimator_knows_names_weights_and_offset():
    pandas = pytest.importorskip("pandas")
    X, y = draw(600, 3, product=0.8)
    weight, offset = np.random.default_rng(0).random((2, 600))
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    found = LogisticRegression(fit_intercept=False).suggest(frame, y, weight, offset=offset)
    expected = suggest(X, y, sample_weight=weight, offset=offset, fit_intercept=False)
    assert found[0].name == "b*c"
    assert found[0].statistic == pytest.approx(expected[0].statistic)
    assert LogisticRegression().suggest(X, y, feature_names=["k", "l", "m"])[0].name == "l*m"


def test_sparse_input_stays_sparse_in_memory():
    """A block of rows at a time is made dense."""
    X = sparse.random_array((5000, 40), density=0.1, rng=np.random.default_rng(1), format="csr")
    X.data[:] = 1.0
    dense = X.toarray()
    z = 6 * dense[:, 3] * dense[:, 7] - 0.5
    y = np.random.default_rng(2).random(5000) < reference.sigmoid(z)
    assert suggest(X, y)[0].name == "x3*x7"
