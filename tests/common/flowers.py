"""Two kinds of iris, for the tests of pictures."""

import numpy as np
from sklearn.datasets import load_iris


def flowers(n_columns=2, frame=False):
    """Two kinds of iris that overlap."""
    X, y = load_iris(return_X_y=True, as_frame=frame)
    if frame:
        return X.iloc[50:, 4 - n_columns :], np.array(["versicolor", "virginica"])[y[50:] - 1]
    return X[50:, 4 - n_columns :], y[50:]
