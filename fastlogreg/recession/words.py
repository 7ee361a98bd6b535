"""The verdict on separation in words."""

import numpy as np

from fastlogreg.recession import exact

SHOWN = 8  # names of a list that are written out
NOTES = 3
LOOKED_AT = 60  # columns that run off and are looked at for a note
GLANCE = 500  # rows on which they are looked at first


class Rest:
    """The place of a label that stands for all classes but one."""

    def __repr__(self):
        return "the rest"


REST = Rest()


def column_name(names, p, j):
    """The name of a column, its index where there is none; position p is the intercept."""
    if j == p:
        return "intercept"
    return j if names is None else names[j]


def notes(model, made, places, names, classes):
    """What rows that a single column tells apart have in common, for the first such columns."""
    if model.K is not None or made.n_data < made.n or made.soft:
        return ()
    found = []
    rows, sign = made.alive, made.sign[made.alive]
    if (sign == sign[:1]).all():
        return (f"there are rows of {_whose(_label(classes, int(sign[0] > 0.0)))} only",)
    looked_at = [j for _, j in places[:LOOKED_AT] if j != model.p]
    positions = np.searchsorted(model.kept, looked_at).tolist()
    parting = _parting(made, positions)
    for j, position in zip(looked_at, positions, strict=True):
        if position not in parting or len(found) == NOTES:
            continue
        x = exact.dense_columns(made.X, [position], rows)[:, 0]
        text = _note(x, sign, column_name(names, model.p, j), model.fit_intercept, classes)
        if text:
            found.append(text)
    return tuple(found)


def _parting(made, positions):
    """Those of some columns that tell the classes apart on a few of the rows."""
    rows = np.flatnonzero(made.alive)
    rows = rows[:: max(len(rows) // GLANCE, 1)]
    x, high = exact.dense_columns(made.X, positions, rows), made.sign[rows] > 0.0
    if high.all() or not high.any():
        return positions
    above = x[high].min(axis=0) >= x[~high].max(axis=0)
    below = x[~high].min(axis=0) >= x[high].max(axis=0)
    return [j for j, parts in zip(positions, above | below, strict=True) if parts]


def apart(targets, pairs, rising, classes):
    """Which classes of a softmax lie wholly apart from which: `targets` (n, K), see `softmax`."""
    own, (row, other), K = targets.argmax(axis=1), pairs, targets.shape[1]
    if targets.max(axis=1).min() < 1.0:
        return ()
    touching = np.zeros((K, K), dtype=bool)
    left = ~rising
    touching[own[row[left]], other[left]] = True
    touching |= touching.T
    alone = [k for k in range(K) if not touching[k].any()]
    found = [f"class {_label(classes, k)} lies apart from all others" for k in alone]
    found += [
        f"classes {_label(classes, a)} and {_label(classes, b)} lie apart"
        for a in range(K)
        for b in range(a)
        if not touching[a, b] and a not in alone and b not in alone
    ]
    return tuple(found[:NOTES])


def of_one_class(model, X, targets, weight, places, names, classes):
    """What single columns tell of one class of a softmax, whose rows have `targets` (n, K)."""
    if targets.max(axis=1).min() < 1.0:
        return ()
    rows = np.arange(len(targets)) if weight is None else np.flatnonzero(weight)
    rows = rows[np.argsort(targets[rows].argmax(axis=1), kind="stable")]
    own, found = targets[rows].argmax(axis=1), []
    here, starts = np.unique(own, return_index=True)
    for j in sorted({j for _, j in places} - {model.p})[:LOOKED_AT]:
        x, name = exact.dense_columns(X, [j], rows)[:, 0], column_name(names, model.p, j)
        low, high = np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts)
        for k in here:
            (least,), (most,), rest = low[here == k], high[here == k], here != k
            above = most > high[rest].max() <= least
            if not above and not least < low[rest].min() >= most:
                continue
            sign, labels = np.where(own == k, 1.0, -1.0), (REST, class_name(classes, k))
            text = _note(x, sign, name, model.fit_intercept, labels)
            if text:
                found.append(text)
                break
        if len(found) == NOTES:
            break
    return tuple(found)


def _note(x, sign, name, intercept, classes):
    """How column x tells classes apart; None if alone it does not."""
    name = f"x{name}" if isinstance(name, int) else name
    ones, others = x[sign == 1.0], x[sign != 1.0]
    for upper in (1.0, -1.0):  # the class with the larger values
        high, low = (ones, others) if upper > 0.0 else (others, ones)
        if not high.size or not low.size:
            continue
        top, bottom = low.max(), high.min()
        if bottom < top or (not intercept and not top <= 0.0 <= bottom):
            continue
        above, below = high[high > top], low[low < bottom]
        labels = [_label(classes, k) for k in ((0, 1) if upper > 0.0 else (1, 0))]
        if bottom > top and (intercept or bottom > 0.0 > top):
            between = 0.5 * top + 0.5 * bottom if intercept else 0.0
            whose = _whose(labels[1])
            return f"{name} > {between:.6g} for all of {whose} and none of {labels[0]}"
        parts = []
        for values, label, relation, end in ((above, labels[1], ">", top),
                                             (below, labels[0], "<", bottom)):  # fmt: skip
            if values.size:
                single = values.min() == values.max()
                has = f"{name}={values[0]:.6g}" if single else f"{name}{relation}{end:.6g}"
                verb = "rows have" if not parts else "have"
                of = f"{values.size} of {len(x)}" if not parts else f"{values.size}"
                parts.append(f"{of} {verb} {has}, all of {_whose(label)}")
        if parts:
            return "; ".join(parts)
    return None


def class_name(classes, k):
    """The label of class k, its code where there are no labels."""
    if classes is None:
        return k
    label = classes[k]
    return label.item() if hasattr(label, "item") else label


def _label(classes, k):
    return repr(class_name(classes, k))


def _whose(label):
    return label if label == repr(REST) else f"class {label}"


def tell(separation):
    """The verdict, what it rests on and what can be done, in one paragraph."""
    s = separation
    left = (
        f" Collinear, left out: {_list([_shown(s, key) for key in s.collinear])}."
        if s.collinear
        else ""
    )
    if s.kind == "overlap":
        return f"a finite maximum-likelihood estimate exists: the classes overlap (proved).{left}"
    if s.kind == "undecided":
        why = "the Hessian is singular to rounding, or too large"
        if s._largest < np.inf:
            why = f"Newton's step takes {s._largest:.2g} of a residual away, not less than 0.5"
        return (
            "whether a finite maximum-likelihood estimate exists is undecided: no direction that "
            f"separates the classes was found, and overlap could not be proved ({why}). Columns "
            f"whose mean is far larger than their spread should be centred.{left}"
        )
    finite = _finite(s)
    columns = {key[1] if isinstance(key, tuple) else key for key in s.infinite} - {"intercept"}
    remedy = " | drop the column" if len(columns) == 1 else " | drop columns" if columns else ""
    firth = "penalty='firth'" + (" without what is left out" if s.collinear else "")
    return (
        f"no finite maximum-likelihood estimate: {_infinite(s)} ({_rows(s)})."
        f"{f' Finite: {_list(finite)}.' if s.maximal and finite else ''}{left}"
        f" Options: {firth} | C=100{remedy}"
    )


def _infinite(s):
    """Which parameters run off, and where to."""
    keys = {key: sign for key, sign in s.infinite.items() if key != "intercept"} or s.infinite
    told = [f"{_shown(s, key, True)} -> {'+' if sign > 0 else '-'}inf"
            for key, sign in keys.items() if sign]  # fmt: skip
    rest = [_shown(s, key, True) for key, sign in keys.items() if not sign]
    if len(rest) > SHOWN and not set(s.finite) - {"intercept"}:
        rest = ["all others" if told else "all coefficients"]
    told += [f"{name} without bound" for name in rest]
    return _list(told) if s.maximal else f"{_list(told)} at least"


def _finite(s):
    """The columns that stay finite; of a softmax without a class where that holds for all."""
    moving = {key[1] for key in s.infinite if isinstance(key, tuple)}
    shown = []
    for key in s.finite:
        own = key[1] if isinstance(key, tuple) else key
        if own != "intercept":
            shown.append(_shown(s, key if own in moving else own))
    return list(dict.fromkeys(shown))


def _rows(s):
    why = f"; {'; '.join(s.notes)}" if s.notes else ""
    if s.kind == "complete":
        return f"complete: all {s.n_rows} rows lie strictly on their side of a plane{why}"
    if why or s.direction.ndim == 2:
        return f"quasi-complete{why}"
    return f"quasi-complete: {len(s.rows)} of {s.n_rows} rows lie strictly on their side of a plane"


def _shown(s, key, quoted=False):
    """A key of `infinite` or `finite` for the eye."""
    if isinstance(key, tuple):
        return f"{_shown(s, key[1], quoted)} of class {key[0]!r}"
    if isinstance(key, (int, np.integer)):
        return f"x{key}"
    return f"'{key}'" if quoted else key


def _list(parts):
    parts = [str(part) for part in parts]
    more = f", ... ({len(parts) - SHOWN} more)" if len(parts) > SHOWN else ""
    return ", ".join(parts[:SHOWN]) + more
