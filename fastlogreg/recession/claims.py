"""What directions say about the data: which rows rise, which parameters run off."""

import numpy as np

from fastlogreg.recession import words


def complete(made, rising):
    """Whether all rows of weight rise."""
    return np.array_equal(rising[: made.n_data], made.alive[: made.n_data])


def data_rows(made, pairs, rising):
    """Indices of the data's rows that rise; for a softmax against one other class at least."""
    index = np.flatnonzero(rising[: made.n_data])
    return index if pairs is None else np.unique(pairs[0][index])


def places(model, made, span):
    """(class, position) of the parameters that move along the spanning vectors."""
    moving = [
        v for v in span.values()
        if made.n_data == made.n or _moves(made.signs(v), made.n_data)
    ]  # fmt: skip
    return sorted({place for v in moving for place in model.whole(v)})


def _moves(product, n_data):
    return product is None or bool(product[:n_data].any())


def named_lists(model, names, classes, places, collinear):
    """Keys of the parameters that run off, of those that stay, and of the columns left out."""

    def key(k, j):
        own = words.column_name(names, model.p, j)
        return own if model.K is None else (words.class_name(classes, k), own)

    left = {model.kept_column(position) for position in collinear} | set(model.dropped)
    every = [
        (k, j)
        for k in range(model.K or 1)
        for j in range(model.p + model.fit_intercept)
        if j not in left
    ]
    infinite = set(places)
    return (
        [key(*place) for place in places],
        [key(*place) for place in every if place not in infinite],
        [words.column_name(names, model.p, j) for j in sorted(left)],
    )
