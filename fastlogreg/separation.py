"""Whether a finite maximum-likelihood estimate exists: decided, proved, and told in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fastlogreg import core, design, parallel
from fastlogreg import validation as valid
from fastlogreg.recession import claims, cone, orient, recheck, words
from fastlogreg.recession.basis import LARGEST, Basis
from fastlogreg.recession.model import Model, decimal_places
from fastlogreg.recession.stiemke import softmax_overlaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from fastlogreg.annotations import Bounds, MatrixLike

OVERLAP, COMPLETE, QUASI, UNDECIDED = "overlap", "complete", "quasi-complete", "undecided"
QUICK = 3  # linear programs for signs within a fit
RIDGE = 1e-4  # of a fit to columns of standard deviation 1
FIRST_TOL = 1e-4  # of the fit that a verdict starts from, where none was made before


@dataclass(frozen=True, eq=False)
class Separation:
    """The verdict on whether a finite maximum-likelihood estimate exists, with its proof.

    ``str()`` of it is the verdict in words, with what can be done.

    Attributes
    ----------
    kind : {"overlap", "complete", "quasi-complete", "undecided"}
        "overlap": the estimate is finite. "complete": a plane has each class strictly on its own
        side. "quasi-complete": some rows lie on the plane. In both, coefficients run off to
        infinity. "undecided": neither could be proved.
    direction : ndarray of shape (p,) or (K, p), or None
        Moving the coefficients this way never lowers the likelihood; it raises that of `rows` for
        ever, and these are all rows for which any direction does. Largest entry 1.
    direction_intercept : float or ndarray of shape (K,)
        The intercept's part of it.
    infinite : dict
        The parameters that run off, with their sign: +1, -1, 0 where both signs occur (all of them
        fit ever better), None where that was not decided. Keys are column names, or indices where
        there are none, and "intercept"; for a softmax pairs (class, column), the class by its label
        or its code.
    finite : list
        The parameters that stay finite.
    collinear : list
        Columns that are combinations of others (exactly, or to rounding), and that the verdict
        leaves out; where there is a choice, so that few parameters run off.
    rows : ndarray of int
        Rows strictly on their side; for a softmax, from one other class at least. The others alone
        overlap.
    dual : ndarray or None
        Coefficients, intercept last, whose residuals on the other rows a step of Newton's method
        turns into strictly positive weights that balance: the proof that no direction raises them.
        None if there are no such rows, or no proof.
    maximal : bool
        Whether `infinite` and `rows` are proved to be all; else there may be more.
    n_rows : int
        Rows of positive weight.
    notes : tuple of str
        What the rows have in common that single columns tell apart.
    classes : ndarray or None
        The labels of the classes 0, 1, ..., if they were given. Of one class against the rest, the
        mark of the rest and that class: `verify` then takes the labels of all, or booleans.

    References
    ----------
    Albert & Anderson, "On the existence of maximum likelihood estimates in logistic regression
    models", Biometrika 71 (1984). Konis, "Linear programming algorithms for detecting separated
    data in binary logistic regression models", DPhil thesis, University of Oxford (2007).

    Examples
    --------
    >>> from fastlogreg import check_separation
    >>> X, y = [[0, 1], [1, 5], [0, 3], [0, 2], [1, 4]], [0, 1, 1, 0, 1]
    >>> verdict = check_separation(X, y, feature_names=["treated", "dose"])
    >>> verdict.separated, verdict.infinite
    (True, {'treated': 0, 'dose': 1, 'intercept': -1})
    >>> verdict.verify(X, y)
    True
    """

    kind: str
    direction: np.ndarray | None
    direction_intercept: float | np.ndarray
    infinite: dict
    finite: list
    collinear: list
    rows: np.ndarray
    dual: np.ndarray | None
    maximal: bool
    n_rows: int
    notes: tuple = ()
    classes: np.ndarray | None = None
    _model: Model | None = field(default=None, repr=False)
    _names: tuple | None = field(default=None, repr=False)
    # direction, {column: vector} and left-out columns
    _exact: tuple = field(default=(), repr=False)
    _largest: float = field(default=np.inf, repr=False)

    @property
    def separated(self) -> bool:
        """Whether a direction was found: no finite estimate exists."""
        return self.kind in (COMPLETE, QUASI)

    def verify(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> bool:
        """Prove the verdict again, in NumPy and in rational numbers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            The data of the verdict.
        y : array-like of shape (n,), or (n, K) probabilities
            The labels or targets of the verdict.
        sample_weight : array-like of shape (n,), default=None
            Its weights; only whether they are zero matters.

        Returns
        -------
        bool
            True if the direction lowers no row and raises `rows`, the other rows are proved to
            overlap, and `kind`, `infinite`, `finite` and `collinear` follow from that. False for
            "undecided". The signs in `infinite` are compared with the direction; that no other
            direction has the opposite sign is not proved again.
        """
        if self.kind == UNDECIDED:
            return False
        model = self._model
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=float)
        X, y = _plain(X), self._targets(y, weight)
        rows = len(y) if weight is None else np.count_nonzero(weight)
        if len(y) != X.shape[0] or X.shape[1] != model.p or rows != self.n_rows:
            return False
        made, pairs = _system_of(model, X, y, weight, None, 1)
        if made is None:
            return self.kind == OVERLAP and not self.infinite
        facts = (made.X, made.sign, made.alive)
        if self.maximal:
            direction, span, collinear = self._exact
            proved = recheck.facts(
                *facts, made.objective.weight, made.intercept, direction, span, collinear, self.dual
            )
        else:
            proved = recheck.rising_rows(*facts, self._exact[0])
        return proved is not None and self._agrees(made, pairs, proved)

    def _targets(self, y, weight=None):
        """y as targets: labels of `classes` as their numbers, -1/+1 as 0/1."""
        y = np.asarray(y)
        if self.classes is not None and isinstance(self.classes[0], words.Rest) and y.ndim == 1:
            y = (y if y.dtype == bool else y == self.classes[1]).astype(np.uint8)
        elif self.classes is not None and y.ndim == 1:
            codes = np.searchsorted(self.classes, y)
            codes[codes == len(self.classes)] = 0
            known = np.asarray(self.classes)[codes] == y
            if not (known if weight is None else known | (weight == 0.0)).all():
                raise ValueError(f"y holds labels that are not in {list(self.classes)}")
            y = codes
        if self._model.K is None:
            y = y if y.ndim == 1 else y[:, 1]
            return valid.check_targets(y, len(y))
        rows = np.zeros((len(y), 0))
        return _one_hot(valid.check_class_problem(rows, y, self._model.K, None, None, True)[1],
                        self._model.K)  # fmt: skip

    def _agrees(self, made, pairs, rising):
        """Whether the public claims follow from what was proved: which rows rise."""
        model = self._model
        direction, span, collinear = self._exact
        if not np.array_equal(claims.data_rows(made, pairs, rising), self.rows):
            return False
        if not self.separated:
            places = []
        else:
            coef, intercept = model.arrays(direction)
            shown = np.array_equal(coef, self.direction)
            if not shown or not np.array_equal(intercept, self.direction_intercept):
                return False
            places = claims.places(model, made, span if self.maximal else {0: direction})
        kind = COMPLETE if claims.complete(made, rising) else QUASI if len(self.rows) else OVERLAP
        lists = claims.named_lists(model, self._names, self.classes, places, collinear)
        if kind != self.kind or lists != (list(self.infinite), self.finite, self.collinear):
            return False
        whole = model.whole(direction)
        return all(
            not sign or sign * whole.get(place, 0) > 0
            for place, sign in zip(places, self.infinite.values(), strict=True)
        )

    def __str__(self) -> str:
        return words.tell(self)


def check_separation(
    X: MatrixLike, y: ArrayLike, *, sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True, bounds: Bounds = None, n_classes: int | None = None,
    reference_class: int | None = None, feature_names: Sequence[str] | None = None,
    n_threads: int | None = None,
) -> Separation:  # fmt: skip
    """Decide whether the classes overlap, so that a finite maximum-likelihood estimate exists.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        The data. Names of a data frame's columns are used in the words of the verdict.
    y : array-like of shape (n,) or (n, K)
        0/1, booleans, -1/+1, or probabilities in [0, 1]; with `n_classes` the codes 0..K-1. Of
        shape (n, K): the probabilities of K classes, each row summing to 1.
    sample_weight : array-like of shape (n,), default=None
        Weights >= 0; rows of weight 0 do not count, and nothing else of them matters.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    bounds : tuple (lower, upper), default=None
        Bounds of the coefficients: each None, a number, or an array of shape (p,); for a softmax
        also (K, p). A coefficient with bounds on both sides cannot run off.
    n_classes : int, default=None
        Number of classes of a softmax; None for a binary model.
    reference_class : int, default=None
        Class of a softmax whose coefficients are zero; None: those of a column have a mean of zero.
    feature_names : sequence of str, default=None
        Names of the columns.
    n_threads : int, default=None
        Threads; None takes `get_num_threads`.

    Returns
    -------
    Separation
        The verdict, the coefficients that are infinite, and a proof that `Separation.verify`
        makes again. An offset changes nothing of it.

    Raises
    ------
    ValueError
        An argument is of the wrong shape, sign or kind, or X holds NaN or infinity.

    Notes
    -----
    No finite estimate exists if and only if some direction d has ``(2 y_i - 1) x_i . d >= 0`` for
    all rows and > 0 for some (Albert & Anderson 1984); none does if and only if strictly positive
    weights balance the rows (Stiemke). One of the two is found by Newton's method, nearly always,
    or by a linear program (Konis 2007), and proved in exact arithmetic: for the binary numbers in
    X, or where these leave it open for the decimals of up to nine places that they stand for.

    References
    ----------
    Albert & Anderson, "On the existence of maximum likelihood estimates in logistic regression
    models", Biometrika 71 (1984). Stiemke, "Über positive Lösungen homogener linearer Gleichungen",
    Math. Ann. 76 (1915). Konis, "Linear programming algorithms for detecting separated data in
    binary logistic regression models", DPhil thesis, University of Oxford (2007).

    Examples
    --------
    >>> from fastlogreg import check_separation
    >>> verdict = check_separation([[0, 1], [1, 5], [0, 3], [0, 2], [1, 4]], [0, 1, 1, 0, 1])
    >>> verdict.kind, verdict.rows.tolist()
    ('complete', [0, 1, 2, 3, 4])
    >>> check_separation([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]).separated
    False
    """
    names = _names(X, feature_names)
    fit_intercept = bool(fit_intercept)
    if n_classes is None and np.ndim(y) < 2:
        if reference_class is not None:
            raise ValueError("reference_class is for many classes; give n_classes")
        matrix, y, weight, _ = valid.check_problem(X, y, sample_weight, None, fit_intercept)
    else:
        matrix, y, n_classes, weight, _ = valid.check_class_problem(
            X, y, n_classes, sample_weight, None, fit_intercept
        )
        reference_class = valid.check_reference_class(reference_class, n_classes)
    p = matrix.shape[1]
    if names is not None and len(names) != p:
        raise ValueError(f"feature_names must have {p} names, one a column, got {len(names)}")
    X = _plain(X)
    if not np.isfinite(X.data if design.is_sparse(X) else X).all():
        raise core.NonFiniteError("Input X contains NaN or infinity; impute or drop those rows")
    model = Model.of(p, fit_intercept, bounds=bounds, K=n_classes, reference=reference_class)
    return decide(model, X, y, weight, None, None, names, None, parallel.resolve(n_threads), np.inf)


def decide(model, X, y, weight, offset, start, names, classes, n_threads, most=QUICK):
    """The `Separation` for checked data; `start` holds (coef, intercept) of a fit, or None.

    `most`: linear programs that the signs of what runs off may cost.
    """
    X = design.canonical(X)
    if model.K is not None:
        y = _one_hot(y, model.K)
        model = model.without(_collinear(X, model, weight, n_threads))
        if start is None:
            start = _first_fit(model, X, y, weight, offset, n_threads)
        if _softmax_overlaps(model, X, y, weight, offset, start):
            return _overlap(model, y, weight, start, names, classes)
    data = (X, y, weight, offset)
    verdict = _decide(model, *data, start, names, classes, n_threads, most)
    if verdict.kind == UNDECIDED:
        digits = decimal_places(X)
        if digits is not None:
            as_decimals = model._replace(digits=digits)
            second = _decide(as_decimals, *data, None, names, classes, n_threads, most)
            verdict = verdict if second.kind == UNDECIDED else second
    return verdict


def _decide(model, X, y, weight, offset, start, names, classes, n_threads, most):
    made, pairs = _system_of(model, X, y, weight, offset, n_threads)
    rows = len(y) if weight is None else int(np.count_nonzero(weight))
    if made is None:  # nothing can run off
        return _overlap(model, y, weight, None, names, classes)
    found = cone.explore(made, _start(model, made, start))
    separated = bool(found.rising[: made.n_data].any())
    if separated:
        kind = COMPLETE if claims.complete(made, found.rising) else QUASI
    else:
        kind = OVERLAP if found.proved else UNDECIDED
    maximal = found.proved and found.span is not None
    span = found.span if maximal else {0: found.direction or {}}
    direction = found.direction or {}
    places = claims.places(model, made, span) if separated else []
    infinite, finite, left_out = claims.named_lists(model, names, classes, places, found.collinear)
    coef, intercept = model.arrays(direction) if separated else (None, 0.0)
    signs = _signs(model, made, found, places, most)
    return Separation(
        kind, coef, intercept, dict(zip(infinite, signs, strict=True)),
        finite, left_out, claims.data_rows(made, pairs, found.rising), found.point, maximal, rows,
        words.notes(model, made, places, names, classes) if pairs is None
        else words.apart(y, pairs, found.rising[: made.n_data], classes)
        or words.of_one_class(model, X, y, weight, places, names, classes),
        classes, model, names,
        (direction, span if maximal else {}, found.collinear), found.largest,
    )  # fmt: skip


def _system_of(model, X, y, weight, offset, n_threads):
    """(system, pairs); (None, None) where nothing can run off.

    For a softmax `pairs` holds the data's row and the other class of each of the system's rows.
    """
    if model.q == 0:
        return None, None
    made = model.system(X, y, weight, offset, n_threads)
    return made if model.K is not None else (made, None)


def _overlap(model, y, weight, start, names, classes):
    """The verdict of overlap for a softmax proved to, or where nothing can run off."""
    rows = len(y) if weight is None else int(np.count_nonzero(weight))
    lists = claims.named_lists(model, names, classes, [], [])
    point = None if start is None else model.parameters(*start)
    return Separation(
        OVERLAP, None, 0.0, {}, *lists[1:], np.empty(0, dtype=int), point, True, rows, (),
        classes, model, names, ({}, {}, []), 0.0,
    )  # fmt: skip


def _first_fit(model, X, targets, weight, offset, n_threads):
    """(coef, intercept) of a softmax fit to the columns that can run off."""
    if model.q == 0:
        return None
    some = X if len(model.kept) == model.p else design.pick_columns(X, model.kept)
    result = core.fit(
        some, targets, sample_weight=weight, offset=offset, fit_intercept=model.fit_intercept,
        tol=FIRST_TOL, max_iter=60, n_threads=n_threads,
    )  # fmt: skip
    coef = np.zeros((model.K, model.p))
    coef[:, model.kept] = result.coef
    return coef, result.intercept


def _softmax_overlaps(model, X, targets, weight, offset, start):
    """Whether `stiemke.softmax_overlaps` proves it: quick, but not made for bounds."""
    if start is None or model.side.any():
        return False
    coef, intercept = (np.asarray(part, dtype=float) for part in start)
    some = X if len(model.kept) == model.p else design.pick_columns(X, model.kept)
    held = np.delete(np.arange(model.p), model.kept)
    if held.size:
        scores = np.asarray(design.pick_columns(X, held) @ coef[:, held].T)
        offset = scores if offset is None else offset + scores
    return softmax_overlaps(
        some, targets, weight, offset, coef[:, model.kept],
        intercept if model.fit_intercept else None,
    )  # fmt: skip


def _start(model, made, start):
    """Parameters of the system near the best ones: those of a fit, or of a fit made here."""
    if start is not None and made.n_data == made.n:
        return model.parameters(*start)
    o = made.objective
    if made.q > min(LARGEST, made.n):  # likely separated, and then by a ridge's solution too
        ridge = core.fit(
            made.X, made.y, alpha=RIDGE, standardize=True, sample_weight=o.weight,
            fit_intercept=made.intercept, tol=1e-3, n_threads=o.n_threads,
        )  # fmt: skip
        theta = np.append(ridge.coef, ridge.intercept) if made.intercept else ridge.coef
        right = (made.margins(theta)[made.alive] > 0.0).all()
        if right or made.q > cone.LARGEST_HESSIAN:
            return theta
    with np.errstate(over="ignore", invalid="ignore"):
        result = core.fit(
            made.X, made.y, sample_weight=o.weight, offset=o.offset, fit_intercept=made.intercept,
            tol=FIRST_TOL, max_iter=60, n_threads=o.n_threads,
        )  # fmt: skip
    return np.append(result.coef, result.intercept) if made.intercept else result.coef


def _collinear(X, model, weight, n_threads):
    """Columns that are combinations of the intercept and of columns before them."""
    alone = model._replace(K=None, side=np.zeros((1, model.p + 1), dtype=int))
    ones = np.ones(X.shape[0], dtype=np.uint8)
    made = alone.system(X, ones, weight, None, n_threads)
    if made.q > LARGEST or not len(model.kept):
        return []
    independent = Basis(made, made.alive).kept
    bounded = model.side.any(axis=0)
    return [int(j) for k, j in enumerate(model.kept) if k not in independent and not bounded[j]]


def _signs(model, made, found, places, most):
    """Signs for `Separation.infinite`."""
    if not places:
        return []
    if len(found.span or {}) > LARGEST:
        return [None] * len(places)
    if not found.proved or not found.span:
        whole = model.whole(found.direction)
        return [1 if whole[place] > 0 else -1 for place in places]
    wholes = [model.whole(v) for v in found.span.values()]
    values = [[float(w.get(place, 0)) for w in wholes] for place in places]
    return orient.signs(made, found, values, most)


def _one_hot(y, K):
    """Codes 0..K-1, or probabilities, as an array (n, K)."""
    return y if y.ndim == 2 else np.eye(K)[y]


def _plain(X):
    """X as an array of floats, or as CSR or CSC."""
    if design.is_sparse(X):
        return X if X.format in ("csr", "csc") else X.tocsr()
    X = np.asarray(X)
    return X if X.dtype.char in "fd" and X.dtype.isnative else X.astype(float)


def _names(X, feature_names):
    """Names of the columns as a tuple: those given, or those of a data frame; None without."""
    names = getattr(X, "columns", None) if feature_names is None else feature_names
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names) if len(set(names)) == len(list(names)) else None
