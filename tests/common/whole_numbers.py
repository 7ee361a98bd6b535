"""Data of whole numbers that the R scripts in data/ make by the same formulas."""

import numpy as np


def whole_numbers(n=40, p=120):
    """X, and for each row a remainder from 0 to 6 of which labels are made."""
    i, j = np.ogrid[:n, :p]
    X = (7919 * i + 104729 * j + 31 * i * i * j + 17 * i * j * j) % 10007 % 11 - 5
    return X.astype(float), (3 * np.arange(n) ** 2 + X[:, 0] + X[:, 2]) % 7
