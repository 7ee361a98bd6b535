"""One small adapter for each peer: what is prepared, what is timed, what is read out.

Every peer minimises mean log loss + alpha/2 ||coef||^2 with a free intercept; a * marks those that
penalise the intercept too, a ° those that have none: they are judged on that objective.  `prepare`
is never timed: LIBLINEAR's conversion to its node lists, and statsmodels' column of ones, are gifts
to the peer.  `fit` is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from scipy import sparse

from fastlogreg import reference

from .problems import SPECS, problem
from .r import package_version


def _always(problem):
    return True


@dataclass(frozen=True)
class Peer:
    """A library's solver.  `ladder`: keyword arguments of `fit`, from coarse to fine."""

    name: str
    package: str
    ladder: tuple[dict, ...]
    prepare: Callable  # (problem) -> data
    fit: Callable  # (problem, data, **rung) -> model
    read_out: Callable  # (model) -> (coef, intercept)
    suits: Callable = _always  # (problem) -> bool

    @property
    def family(self):
        return self.name.split()[0]

    @property
    def own(self):
        """The mark of an objective of its own, "*" or "°", or nothing."""
        return self.name[-1] if self.name[-1] in "*°" else ""

    @property
    def installed(self):
        if self.package.startswith("R "):
            return package_version(self.package[2:]) is not None
        return find_spec(self.package) is not None


@dataclass(frozen=True)
class Subject:
    """A kind of problem and those who solve it, for child processes to find: "module:constant".

    `default` is a peer that is run once, at its default settings, wherever that ends.
    """

    home: str
    specs: dict  # by the name of the problem; each has `accuracy` and `families`
    problem: Callable  # (name, scale) -> problem
    peers: dict  # by name
    default: Peer | None = None

    def peer(self, name):
        return self.peers.get(name, self.default)


def tolerances(key, *exponents, **fixed):
    return tuple({key: 10.0**-e, **fixed} for e in exponents)


# scikit-learn ---------------------------------------------------------------------------------


def _sklearn_fit(solver):
    def fit(problem, data, **rung):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=problem.inverse_penalty, solver=solver, **rung)
        return model.fit(problem.X, problem.y)

    return fit


def _sklearn_coef(model):
    return model.coef_.ravel(), float(np.ravel(model.intercept_)[0])


def _sklearn(solver, ladder, suits=_always):
    star = "*" if solver == "liblinear" else ""
    return Peer(
        f"sklearn {solver}{star}", "sklearn", ladder, lambda problem: None,
        _sklearn_fit(solver), _sklearn_coef, suits,
    )  # fmt: skip


def _hessian_fits(problem):
    return problem.shape[1] <= 5_000


def _penalised(problem):
    return problem.alpha > 0


# Iterations are rationed too: on badly scaled columns a loose tolerance may take for ever.
_LBFGS = tuple(
    {"tol": 10.0**-e, "max_iter": k}
    for e, k in [(3, 100), (4, 300), (5, 1000), (6, 3000), (8, 10_000), (11, 100_000)]
)
_EPOCHS = tuple({"tol": 1e-14, "max_iter": k, "random_state": 0} for k in (10, 30, 100, 300, 1000))

SKLEARN = (
    _sklearn("newton-cholesky", tolerances("tol", 2, 4, 5, 6, 7, 8, 10, 12), _hessian_fits),
    _sklearn("newton-cg", tolerances("tol", 2, 3, 4, 5, 6, 7, 8, 10, max_iter=1000)),
    _sklearn("lbfgs", _LBFGS),
    _sklearn("liblinear", tolerances("tol", 1, 2, 3, 4, 5, 6, 8, max_iter=10_000), _penalised),
    _sklearn("sag", _EPOCHS),
    _sklearn("saga", _EPOCHS),
)
SKLEARN_DEFAULT = Peer(
    "sklearn default", "sklearn", ({},), lambda problem: None, _sklearn_fit("lbfgs"), _sklearn_coef
)

# glum -----------------------------------------------------------------------------------------


def _glum_fit(problem, data, **rung):
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        alpha=problem.alpha, l1_ratio=0, family="binomial", max_iter=1000, **rung
    )
    return model.fit(data, problem.y)


GLUM = Peer(
    "glum irls-ls", "glum", tolerances("gradient_tol", 2, 4, 5, 6, 7, 8, 10, 12),
    lambda problem: sparse.csc_matrix(problem.X) if sparse.issparse(problem.X) else problem.X,
    _glum_fit, lambda model: (model.coef_, model.intercept_), _hessian_fits,
)  # fmt: skip

# LIBLINEAR's own Python interface -------------------------------------------------------------


def _liblinear_problem(problem):
    from liblinear.liblinear import problem as node_lists

    X = sparse.csr_matrix(problem.X)
    return node_lists(problem.y, X, bias=1.0)


def _liblinear_fit(options):
    def fit(problem, data, eps):
        from liblinear.liblinearutil import train

        return train(data, f"{options} -c {problem.inverse_penalty!r} -e {eps!r} -B 1 -q")

    return fit


def _liblinear_coef(model):
    w = np.ctypeslib.as_array(model.w, (model.get_nr_feature() + 1,))
    sign = 1.0 if model.get_labels()[0] == 1 else -1.0
    return sign * w[:-1], sign * w[-1]


def _liblinear(name, options):
    return Peer(
        name, "liblinear", tolerances("eps", 1, 2, 3, 4, 5, 6, 8), _liblinear_problem,
        _liblinear_fit(options), _liblinear_coef, _penalised,
    )  # fmt: skip


LIBLINEAR = (
    _liblinear("liblinear s0", "-s 0 -R"),  # -R: the intercept is free
    _liblinear("liblinear s0*", "-s 0"),
    _liblinear("liblinear s7*", "-s 7"),
)

# statsmodels, unpenalised only ----------------------------------------------------------------


def _with_ones(problem):
    return np.column_stack([problem.X, np.ones(len(problem.y))])


def _logit_fit(problem, data, **rung):
    import statsmodels.api as sm

    return sm.Logit(problem.y, data).fit(method="newton", disp=False, maxiter=100, **rung)


def _glm_fit(problem, data, **rung):
    import statsmodels.api as sm

    return sm.GLM(problem.y, data, family=sm.families.Binomial()).fit(**rung)


def _statsmodels(name, fit):
    return Peer(
        f"statsmodels {name}", "statsmodels", tolerances("tol", 2, 4, 6, 8, 12), _with_ones, fit,
        lambda result: (result.params[:-1], result.params[-1]),
        lambda problem: problem.alpha == 0 and not sparse.issparse(problem.X),
    )  # fmt: skip


STATSMODELS = (_statsmodels("Logit", _logit_fit), _statsmodels("GLM", _glm_fit))

# The mathematics in NumPy, as fastlogreg.reference has it -------------------------------------

REFERENCE = Peer(
    "reference newton", "fastlogreg", tolerances("tol", 4, 7, 10, 13), lambda problem: None,
    lambda problem, data, tol: reference.newton(problem.X, problem.y, alpha=problem.alpha, tol=tol),
    lambda model: model[:2],
    lambda problem: not sparse.issparse(problem.X) and problem.shape[1] <= 500,
)  # fmt: skip

# The likely fastest first: what follows is given up once it is clearly slower.
PEERS = {
    peer.name: peer
    for peer in (SKLEARN[0], GLUM, *STATSMODELS, SKLEARN[1], *LIBLINEAR, *SKLEARN[2:], REFERENCE)
}

SUBJECT = Subject(f"{__name__}:SUBJECT", SPECS, problem, PEERS, SKLEARN_DEFAULT)
