"""Standard errors, profile intervals and tests; and what becomes of them under separation.

Run: python examples/inference.py
"""

import numpy as np

import fastlogreg

random = np.random.default_rng(1)
n = 200
age = random.normal(50, 10, n).round()
treatment = (random.random(n) < 0.2).astype(float)
healed = (age - 50 + 10 * random.logistic(size=n) < 0).astype(int)
X, names = np.column_stack([treatment, age]), ["treatment", "age"]

inference = fastlogreg.Inference(X, healed, feature_names=names)
print(inference.summary(method="profile"), "\n")

healed[treatment == 1] = 1  # everyone treated is healed: the coefficient grows without bound
inference = fastlogreg.Inference(X, healed, feature_names=names)
print(inference.summary())

low, high = inference.conf_int(method="profile")[0]
assert inference.params[0] == high == np.inf
assert 1 < low < 4
assert inference.lr_test("treatment").pvalue < 1e-4
