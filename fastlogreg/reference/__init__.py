"""The whole mathematics of binary logistic regression in NumPy: the specification of every kernel.

Words: ``n`` rows, ``p`` columns, score ``z = X @ coef + intercept + offset``, target ``y`` in [0,
1], ``residual = dloss/dz``, ``curvature = d2loss/dz2``.  The objective is

    f(coef, intercept) = sum_i s_i loss(y_i, z_i) / sum_i s_i + alpha/2 * ||coef||^2,
    loss(y, z)         = softplus(z) - y z = y softplus(-z) + (1 - y) softplus(z),

with the intercept never penalised.  Everything is formed from ``exp(-|z|)``, which cannot overflow,
and never from a probability, whose distance from 1 is lost to rounding.

Parameter vectors ``theta`` hold the coefficients first and the intercept, if there is one, last.
Nothing here is fast on purpose: short and readable is the aim.

References: Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning" (2009), sec. 4.4;
Nocedal & Wright, "Numerical Optimization" (2006), ch. 2-3.
"""

from fastlogreg.reference.bias import (
    firth,
    leverages,
)
from fastlogreg.reference.loss import (
    binary_cross_entropy,
    decision_function,
    hessian_vector_product,
    log_loss,
    log_sigmoid,
    loss_gradient,
    loss_gradient_hessian,
    predict_proba,
    sigmoid,
    softplus,
)
from fastlogreg.reference.penalised import (
    coordinate_sweep,
    duality_gap,
    fenchel_young,
    penalty,
    penalty_conjugate,
)
from fastlogreg.reference.solvers import (
    gradient_descent,
    newton,
    proximal_newton,
)

__all__ = [
    "binary_cross_entropy", "coordinate_sweep", "decision_function", "duality_gap",
    "firth", "gradient_descent",
    "hessian_vector_product", "leverages", "log_loss", "log_sigmoid", "loss_gradient",
    "loss_gradient_hessian",
    "fenchel_young", "newton", "penalty", "penalty_conjugate", "predict_proba", "proximal_newton",
    "sigmoid", "softplus",
]  # fmt: skip
