"""Solvers: plain functions (objective, start, tol, max_iter, watch) -> Solution."""

from fastlogreg.solvers.choose import choose
from fastlogreg.solvers.dual import dual
from fastlogreg.solvers.lbfgs import lbfgs
from fastlogreg.solvers.multilevel import multilevel
from fastlogreg.solvers.newton import newton
from fastlogreg.solvers.proximal import proximal
from fastlogreg.solvers.truncated_newton import truncated_newton

__all__ = ["choose", "find"]

REGISTRY = {
    "newton": newton,
    "multilevel": multilevel,
    "truncated-newton": truncated_newton,
    "lbfgs": lbfgs,
    "dual": dual,
    "proximal": proximal,
}


def find(name, objective):
    """The solver of that name, or a ValueError that says why it cannot serve this problem."""
    if name != "proximal" and not objective.penalty.smooth:
        raise ValueError(
            f"solver={name!r} knows neither L1 penalties nor bounds; "
            "use solver='auto' or 'proximal'"
        )
    if name == "dual" and (not objective.alpha or objective.sparse):
        raise ValueError(
            "solver='dual' needs alpha > 0, equal penalty factors and dense X; use solver='auto'"
        )
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
