"""
From scores to probabilities
============================

A logistic regression adds up a score ``z = w·x + b`` and turns it into a probability by the
sigmoid, ``p = 1 / (1 + exp(-z))``. Here are thirteen scores from -6 to 6, and the rule that
predicts a class.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastlogreg
from fastlogreg.displays import SigmoidDisplay

# %%
# Every score has its probability, rising from near 0 to near 1. A score of 0 is a probability of
# one half; each further point of score multiplies the odds ``p / (1 - p)`` by e.

z = np.arange(-6.0, 7.0)
p = fastlogreg.sigmoid(z)
print("  z   probability     odds")
for score, probability in zip(z, p, strict=True):
    print(f"{score:3.0f}   {probability:11.6f} {probability / (1 - probability):8.4f}")

# %%
# The rule: predict the class where its probability is above one half, which is where the score is
# above zero. So the sign of the score decides, and the sigmoid is not needed for it.

predicted = p > 0.5
display = SigmoidDisplay.from_scores(z, predicted.astype(int))
display.ax_.plot(z, p, "o", color="black", markersize=5)
display.ax_.set_title("Thirteen scores, their probabilities, and the class predicted")
plt.show()

# %%
# Far out a probability nears 0 or 1 and never gets there. Doubles round the one near 1 to 1 from z
# = 37 on, the one near 0 stays exact: take the tail on the side where it is small.

print(fastlogreg.sigmoid(np.array([-40.0, 40.0])))

assert p[6] == 0.5
assert (np.diff(p) > 0).all()
assert np.allclose(p + p[::-1], 1.0, rtol=0, atol=1e-15)  # p(-z) = 1 - p(z)
assert np.allclose(np.diff(np.log(p / (1 - p))), 1.0)  # one point of score, e times the odds
assert np.array_equal(predicted, z > 0)
assert display.thresholds == [0.0]
assert 0.0 < fastlogreg.sigmoid(-700.0) < 1e-300
