"""
Inference on a medical data set
===============================

Which mothers have babies of low weight at birth: standard errors, tests and intervals of a logistic
regression, beside R's figures. 189 births at a hospital in Springfield, Massachusetts, 1986, from
Hosmer and Lemeshow, *Applied Logistic Regression* (1989), as R's MASS has them in ``birthwt``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import fastlogreg
from fastlogreg.displays import CoefficientDisplay

digits = {
    "low": (
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000011111111111111111111111111111111111111111111111111"
        "111111111"
    ),
    "race": (
        "231113131133331121313113311122212121111121211113131311333333333133331213321211211133333111"
        "131111111111313211121311131313131111111131233332311133112133311113212313332133112223311112"
        "331313321"
    ),
    "smoke": (
        "001110001100001101010000001010011001111110001100010011001000000010010011101001100000010000"
        "001110011001000000100010100000000000010010100000011100110100001101110110001100101110011110"
        "001110101"
    ),
    "ptl": (
        "000000000000010000000000000000011000000000000000000000000000000021002120000001000000000000"
        "000300000000100000000000000000000000100010010001000200000100200101010001001110100000010010"
        "100100000"
    ),
    "ht": (
        "000000000000100000000000000000000000000000000000001000000000000000000000000000000000000000"
        "001000000001000100000000000000000000000000110000110000000000000000000000000000000000000000"
        "100000011"
    ),
    "ui": (
        "100110000000010000100100100000000000000000001100000000001000000001001000000000000000000000"
        "000100000000000000000001000000000000000011001010000100001001001001011100000100000001000000"
        "000000000"
    ),
    "ftv": (
        "031200111001020003012310200201111102202122100040201002000000020001261202100014001000000001"
        "020001100110010010242121010021101022101102000011010001022000120000310001000040101000001302"
        "130022003"
    ),
}
age = """
19 33 20 21 18 21 22 17 29 26 19 19 22 30 18 18 15 25 20 28 32 31 36 28 25 28 17 29 26 17 17
24 35 25 25 29 19 27 31 33 21 19 23 21 18 18 32 19 24 22 22 23 22 30 19 16 21 30 20 17 17 23
24 28 26 20 24 28 20 22 22 31 23 16 16 18 25 32 20 23 22 32 30 20 23 17 19 23 36 22 24 21 19
25 16 29 29 19 19 30 24 19 24 23 20 25 30 22 18 16 32 18 29 33 20 28 14 28 25 16 20 26 21 22
25 31 35 19 24 45 28 29 34 25 25 27 23 24 24 21 32 19 25 16 25 20 21 24 21 20 25 19 19 26 24
17 20 22 27 20 17 25 20 18 18 20 21 26 31 15 23 20 24 15 23 30 22 17 23 17 26 20 26 14 28 14
23 17 21
"""
lwt = """
182 155 105 108 107 124 118 103 123 113 95 150 95 107 100 100 98 118 120 120 121 100 202 120
120 167 122 150 168 113 113 90 121 155 125 140 138 124 215 109 185 189 130 160 90 90 132 132
115 85 120 128 130 95 115 110 110 153 103 119 119 119 110 140 133 169 115 250 141 158 112 150
115 112 135 229 140 134 121 190 131 170 110 127 123 120 105 130 175 125 133 134 235 95 135 135
154 147 147 137 110 184 110 110 120 241 112 169 120 170 186 120 130 117 170 134 135 130 120 95
158 160 115 129 130 120 170 120 116 123 120 130 187 105 85 150 97 128 132 165 105 91 115 130
92 150 200 155 103 125 89 102 112 117 138 130 120 130 130 80 110 105 109 148 110 121 100 96
102 110 187 122 105 115 120 142 130 120 110 120 154 105 190 101 95 100 94 142 130
"""

births = pd.DataFrame({name: [int(digit) for digit in text] for name, text in digits.items()})
births = births.assign(age=np.array(age.split(), int), lwt=np.array(lwt.split(), int))
births = births.assign(race2=(births["race"] == 2) * 1, race3=(births["race"] == 3) * 1)
y = births["low"]
X = births[["age", "lwt", "race2", "race3", "smoke", "ptl", "ht", "ui", "ftv"]]

# %%
# Estimates
# ---------
# Without a penalty; ``lwt`` is the mother's weight in pounds, ``race2`` and ``race3`` black and
# other, ``smoke`` during pregnancy, ``ptl`` earlier premature labours, ``ht`` hypertension, ``ui``
# an irritable uterus, ``ftv`` visits to a physician.

model = fastlogreg.LogisticRegression(C=np.inf).fit(X, y)
inference = model.inference(X, y)
print(inference.summary(method="profile"))

# %%
# R's ``glm(low ~ age + lwt + ..., binomial)``: estimates, standard errors, and the ends of profile
# intervals, by root finding on the deviance (R 4.2.2).

in_r = pd.DataFrame(
    {
        "intercept": [0.4806232091, 1.196904107, -1.841202454, 2.877357374],
        "age": [-0.02954902707, 0.03703141736, -0.1037312566, 0.04207587178],
        "lwt": [-0.01542428398, 0.006919381062, -0.02978398438, -0.002464749877],
        "race2": [1.272259798, 0.5273637029, 0.2416862571, 2.326039677],
        "race3": [0.8804959258, 0.4407856642, 0.02661085683, 1.765079456],
        "smoke": [0.9388457016, 0.4021540766, 0.161581145, 1.747869906],
        "ptl": [0.5433370311, 0.3454054306, -0.1234484673, 1.246006006],
        "ht": [1.86330287, 0.697540059, 0.5324184088, 3.32107606],
        "ui": [0.7676481458, 0.4593214781, -0.1435257684, 1.670876527],
        "ftv": [0.06530183478, 0.1723958259, -0.283068699, 0.3988121138],
    },
    index=["estimate", "error", "2.5 %", "97.5 %"],
).T
here = np.column_stack([inference.params, inference.bse, inference.conf_int(method="profile")])
here = pd.DataFrame(here, index=inference.names, columns=in_r.columns).loc[in_r.index]
print((here - in_r).abs().max())

assert np.allclose(here, in_r, rtol=1e-7)

# %%
# Intervals drawn
# ---------------
# Odds ratios: one is no effect. Hypertension and race matter most; with few such mothers, little is
# known of how much.

display = CoefficientDisplay.from_inference(inference, method="profile", odds_ratio=True)
display.ax_.set_title("low weight at birth: odds ratios, profile intervals")
plt.show()

# %%
# Tests
# -----
# Do the number of visits and the age tell anything beside the rest? Two columns at once, by
# likelihood ratio, score and Wald; they agree where there is much to go by.

for test in (inference.lr_test, inference.score_test, inference.wald_test):
    print(f"{test.__name__:10}  p = {test(drop=['age', 'ftv']).pvalue:.4f}")

print(inference.marginal_effects())
assert inference.lr_test(["age", "ftv"]).pvalue > 0.5
assert inference.lr_test("ht").pvalue < 0.01

# %%
# Errors that hold if the model does not
# --------------------------------------
# The same robust errors as those of R's sandwich.

robust = model.inference(X, y, covariance="HC3").bse
print(pd.DataFrame({"model": inference.bse, "HC3": robust}, index=inference.names).round(3))
assert (np.abs(np.log(robust / inference.bse)) < 0.5).all()

# %%
# What a penalty makes invalid
# ----------------------------
# Penalised coefficients are drawn to zero, and the usual errors are not theirs: they are refused,
# and intervals come from a bootstrap.

held = fastlogreg.LogisticRegression(C=1.0).fit(X, y).inference(X, y)
try:
    held.pvalues  # noqa: B018
    refused = ""
except ValueError as error:
    refused = str(error)
print(refused)
ends = held.conf_int(method="bootstrap", n_boot=200)
print(pd.DataFrame(ends, index=held.names, columns=["2.5 %", "97.5 %"]).round(3))

assert "penalty" in refused
assert (ends[:, 0] < ends[:, 1]).all()
