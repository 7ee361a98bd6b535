"""Solvers: plain functions (objective, start, tol, max_iter, watch) -> Solution."""

from fastlogreg.solvers.choose import choose
from fastlogreg.solvers.dual import dual
from fastlogreg.solvers.lbfgs import lbfgs
from fastlogreg.solvers.multilevel import multilevel
from fastlogreg.solvers.newton import newton
from fastlogreg.solvers.truncated_newton import truncated_newton

__all__ = ["choose", "find"]

REGISTRY = {
    "newton": newton,
    "multilevel": multilevel,
    "truncated-newton": truncated_newton,
    "lbfgs": lbfgs,
    "dual": dual,
}


def find(name, objective):
    """The solver of that name, or a ValueError that says why it cannot serve this problem."""
    if name == "dual" and (objective.alpha == 0.0 or objective.sparse):
        raise ValueError("solver='dual' needs alpha > 0 and dense X; use solver='auto'")
    if name == "dual" and objective.n > 20_000:
        raise ValueError(
            f"solver='dual' keeps a matrix of {objective.n} x {objective.n}; use solver='auto'"
        )
    if name == "multilevel" and objective.n < 16 * objective.q:
        raise ValueError(
            f"solver='multilevel' needs many more rows than columns, got {objective.n} rows and "
            f"{objective.q} parameters; use solver='auto'"
        )
    return REGISTRY[name]
