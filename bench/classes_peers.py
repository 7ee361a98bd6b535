"""One small adapter for each peer that fits a softmax; as in `peers.py`, `prepare` is not timed.

All have a coefficient for every class, a ridge on them, and free intercepts: one objective.
"""

from fastlogreg import reference_softmax

from .classes import SPECS, problem
from .peers import Peer, Subject, tolerances
from .r import R


def _sklearn_fit(module, solver):
    def fit(problem, data, **rung):
        from importlib import import_module

        estimator = import_module(module).LogisticRegression
        model = estimator(C=problem.inverse_penalty, solver=solver, **rung)
        return model.fit(problem.X, problem.y)

    return fit


def _coef(model):
    return model.coef_, model.intercept_


def _few_parameters(problem):
    """Whether a Hessian of all K p parameters, which newton-cholesky forms, is to be thought of."""
    return problem.n_classes * problem.shape[1] <= 2_000


def _small(problem):
    return problem.n_classes * problem.shape[1] <= 200


def _sklearn(solver, ladder, *suits):
    return Peer(
        f"sklearn {solver}", "sklearn", ladder, lambda problem: None,
        _sklearn_fit("sklearn.linear_model", solver), _coef, *suits,
    )  # fmt: skip


# Iterations are rationed too: a loose tolerance may take for ever.
_LBFGS = tuple(
    {"tol": 10.0**-e, "max_iter": k}
    for e, k in [(2, 100), (3, 300), (4, 1000), (5, 3000), (6, 10_000), (8, 100_000)]
)

_GLMNET = (
    *tolerances("thresh", 5, 7, 8, above=5),
    *tolerances("thresh", 7, 8, 9, 10, 11, 12, above=12),
)


def _glmnet_prepare(problem):
    r = R("glmnet")
    r.run("glmnet.control(fdev = 0, devmax = 1)")  # no stop before the last alpha
    r.put("X", problem.X)
    r.put("y", problem.y)
    r.run("y <- factor(y)")
    r.put("alpha", [problem.alpha])
    return r


def _glmnet_fit(problem, r, thresh, above):
    """Down a path that begins at 4^above alpha: from too near it diverges, and alone it is slow."""
    r.run(
        f'grid <- alpha * 4^({above}:0); fit <- glmnet(X, y, family = "multinomial", alpha = 0, '
        f"lambda = grid, standardize = FALSE, thresh = {thresh!r}, maxit = 1e7)"
    )
    return problem, r


def _glmnet_coef(model):
    problem, r = model
    K, p = problem.n_classes, problem.shape[1]
    coef = r.get("sapply(fit$beta, function(b) as.numeric(b[, length(grid)]))")
    return coef.reshape(K, p), r.get("fit$a0[, length(grid)]")


# The likely fastest first: what follows is given up once it is clearly slower.
PEERS = {
    peer.name: peer
    for peer in (
        _sklearn("newton-cg", tolerances("tol", 1, 2, 3, 4, 5, 6, 7, 8, max_iter=1000)),
        _sklearn("newton-cholesky", tolerances("tol", 1, 2, 3, 4, 5, 6, 8, 10), _few_parameters),
        _sklearn("lbfgs", _LBFGS),
        Peer(
            "sklearnex lbfgs", "sklearnex", _LBFGS, lambda problem: None,
            _sklearn_fit("sklearnex.linear_model", "lbfgs"), _coef,
        ),
        Peer("glmnet", "R glmnet", _GLMNET, _glmnet_prepare, _glmnet_fit, _glmnet_coef),
        Peer(
            "reference newton", "fastlogreg", tolerances("tol", 4, 7, 10), lambda problem: None,
            lambda problem, data, tol: reference_softmax.softmax_newton(
                problem.X, problem.y, problem.n_classes, alpha=problem.alpha, tol=tol
            ),
            lambda model: model[:2], _small,
        ),
    )
}  # fmt: skip
DEFAULT = Peer(
    "sklearn default", "sklearn", ({},), lambda problem: None,
    _sklearn_fit("sklearn.linear_model", "lbfgs"), _coef,
)  # fmt: skip

FITS = Subject(f"{__name__}:FITS", SPECS, problem, PEERS, DEFAULT)
