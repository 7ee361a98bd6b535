"""One small adapter for each peer that fits the lasso: a single value, a path, or all folds.

As in `peers.py`, `prepare` is never timed: X by columns for those who want it so, the compiling of
skglm's loops, the way of the data into R, and LIBLINEAR's lists of nodes are gifts to the peer.
"""

from functools import partial

import numpy as np
from scipy import sparse

from .lasso import CV_SPECS, SPECS, LassoProblem, mean_losses, problem
from .peers import Peer, Subject, tolerances
from .r import R


def _columns(problem):
    """X by columns, which coordinate descent wants: a gift, as the clock does not run yet."""
    return (
        sparse.csc_matrix(problem.X) if sparse.issparse(problem.X) else np.asfortranarray(problem.X)
    )


def _single(problem):
    return len(problem.alphas) == 1


def _hessian_fits(problem):
    return problem.shape[1] <= 5_000


def _stacked(models):
    coefs, intercepts = zip(*models, strict=True)
    return np.array(coefs), np.array(intercepts)


def _adelie_prepare(problem):
    import adelie

    X = _columns(problem)
    matrix = adelie.matrix.sparse if sparse.issparse(X) else adelie.matrix.dense
    return matrix, X, adelie.glm.binomial(problem.y)


def _adelie_fit(n_threads, problem, data, tol):
    import adelie

    matrix, X, family = data
    return adelie.grpnet(
        matrix(X, n_threads=n_threads), family, lmda_path=problem.alphas, n_threads=n_threads,
        early_exit=False, progress_bar=False, tol=tol, irls_tol=tol,
    )  # fmt: skip


def _adelie_cv_fit(problem, data, tol):
    import adelie

    matrix, X, _ = data
    options = {"lmda_path": problem.alphas, "early_exit": False, "progress_bar": False}
    X = matrix(X)
    adelie.grpnet(X, adelie.glm.binomial(problem.y), tol=tol, irls_tol=tol, **options)
    losses = []
    for fold in range(problem.folds.max() + 1):
        train = problem.training(fold)
        family = adelie.glm.binomial(problem.y, weights=train / train.sum())
        path = adelie.grpnet(X, family, tol=tol, irls_tol=tol, **options)
        out = train == 0
        losses.append(mean_losses(problem.X[out], problem.y[out], path.betas, path.intercepts))
    return np.mean(losses, axis=0)


def _adelie(name, n_threads):
    return Peer(
        name, "adelie", tolerances("tol", 5, 6, 7, 8, 9, 10, 11, 12), _adelie_prepare,
        partial(_adelie_fit, n_threads), lambda state: (state.betas, state.intercepts),
    )  # fmt: skip


def _glmnet_prepare(problem):
    r = R("glmnet")
    r.run("glmnet.control(fdev = 0, devmax = 1)")  # no stop before the last alpha
    r.put("X", problem.X)
    r.put("y", problem.y)
    r.put("grid", problem.alphas)
    if problem.folds is not None:
        r.put("folds", problem.folds + 1)
    return r


_GLMNET = 'family = "binomial", lambda = grid, standardize = FALSE, thresh = {!r}, maxit = 1e7'


def _glmnet_fit(problem, r, thresh):
    r.run(f"fit <- glmnet(X, y, {_GLMNET.format(thresh)})")
    return problem, r


def _glmnet_models(model):
    problem, r = model
    k, p = len(problem.alphas), problem.shape[1]
    return r.get("as.matrix(fit$beta)").reshape(k, p), r.get("fit$a0")


def _glmnet_cv_fit(problem, r, thresh):
    r.run(f"fit <- cv.glmnet(X, y, foldid = folds, {_GLMNET.format(thresh)})")
    return r


def _python_glmnet_fit(problem, X, tol):
    from glmnet import LogitNet

    model = LogitNet(
        alpha=1, lambda_path=problem.alphas, n_splits=0, standardize=False, tol=tol,
        max_iter=10_000_000,
    )  # fmt: skip
    return model.fit(X, problem.y)


def _skglm_prepare(problem):
    X = _columns(problem)
    few, y = X[:200], problem.y[:200]
    few = few if sparse.issparse(X) else np.asfortranarray(few)
    alpha = 0.1 * np.abs(few.T @ (y - y.mean())).max() / len(y)
    _skglm_fit(LassoProblem("", few, y, np.array([alpha])), few, 1e-6)  # compiles its loops
    return X


def _skglm_fit(problem, X, tol):
    from skglm import SparseLogisticRegression

    model = SparseLogisticRegression(
        tol=tol, fit_intercept=True, warm_start=True, max_iter=200, max_epochs=50_000
    )
    models = []
    for alpha in problem.alphas:
        model.set_params(alpha=alpha).fit(X, problem.y)
        models.append((model.coef_.ravel().copy(), float(np.ravel(model.intercept_)[0])))
    return models


def _celer_prepare(problem):
    X = _columns(problem)
    return X, 2.0 * problem.y - 1.0


def _celer_fit(problem, data, tol):
    from celer import celer_path

    alphas = len(problem.y) * problem.alphas  # its loss is a sum
    return celer_path(
        *data, pb="logreg", alphas=alphas, tol=tol, use_PN=True, max_iter=200, max_epochs=50_000
    )


def _glum_fit(problem, X, gradient_tol):
    from glum import GeneralizedLinearRegressor

    options = {"alpha": problem.alphas[0]}
    if not _single(problem):
        options = {"alpha_search": True, "alphas": problem.alphas}
    model = GeneralizedLinearRegressor(
        l1_ratio=1, family="binomial", gradient_tol=gradient_tol, max_iter=1000, **options
    )
    return model.fit(X, problem.y)


def _glum_models(model):
    if hasattr(model, "coef_path_"):
        return np.array(model.coef_path_), np.array(model.intercept_path_)
    return model.coef_[None], [model.intercept_]


def _sklearn_fit(solver, problem, data, **rung):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(l1_ratio=1, solver=solver, warm_start=True, **rung)
    models = []
    for alpha in problem.alphas:
        model.set_params(C=problem.inverse_penalty(alpha)).fit(problem.X, problem.y)
        models.append((model.coef_.ravel().copy(), float(np.ravel(model.intercept_)[0])))
    return models


def _liblinear_prepare(problem):
    from liblinear.liblinear import problem as node_lists

    return node_lists(problem.y, sparse.csr_matrix(problem.X), bias=1.0)


def _liblinear_fit(problem, data, eps):
    from liblinear.liblinearutil import train

    C = float(problem.inverse_penalty(problem.alphas[0]))
    return train(data, f"-s 6 -c {C!r} -e {eps!r} -B 1 -R -q")  # -R: the intercept is free


def _liblinear_models(model):
    w = np.ctypeslib.as_array(model.w, (model.get_nr_feature() + 1,))
    w = w if model.get_labels()[0] == 1 else -w
    return w[None, :-1], w[-1:]


_FINE = (2, 3, 4, 5, 6, 7, 8, 9, 10)
_EPOCHS = tuple(
    {"tol": 1e-14, "max_iter": k, "random_state": 0} for k in (3, 10, 30, 100, 300, 1000)
)

# The likely fastest first: what follows is given up once it is clearly slower.
PEERS = {
    peer.name: peer
    for peer in (
        _adelie("adelie", 1),
        _adelie("adelie 2 threads", 2),
        Peer(
            "glmnet", "R glmnet", tolerances("thresh", 5, 7, 8, 9, 10, 11, 12, 13, 14),
            _glmnet_prepare, _glmnet_fit, _glmnet_models,
        ),
        Peer(
            "python-glmnet", "glmnet", tolerances("tol", 5, 7, 8, 9, 10, 11, 12, 13, 14),
            _columns, _python_glmnet_fit,
            lambda model: (model.coef_path_[0].T, model.intercept_path_.ravel()),
        ),
        Peer(
            "skglm", "skglm", tolerances("tol", *_FINE), _skglm_prepare, _skglm_fit, _stacked,
        ),
        Peer(
            "celer°", "celer", tolerances("tol", *_FINE), _celer_prepare, _celer_fit,
            lambda model: (model[1].T, np.zeros(len(model[0]))),
        ),
        Peer(
            "glum", "glum", tolerances("gradient_tol", *_FINE), _columns, _glum_fit, _glum_models,
            _hessian_fits,
        ),
        Peer(
            "liblinear s6", "liblinear", tolerances("eps", *_FINE), _liblinear_prepare,
            _liblinear_fit, _liblinear_models, _single,
        ),
        Peer(
            "sklearn liblinear*", "sklearn", tolerances("tol", *_FINE, max_iter=10_000),
            lambda problem: None, partial(_sklearn_fit, "liblinear"), _stacked, _single,
        ),
        Peer(
            "sklearn saga", "sklearn", _EPOCHS, lambda problem: None,
            partial(_sklearn_fit, "saga"), _stacked,
        ),
    )
}  # fmt: skip


def _sklearn_cv_fit(problem, data, tol):
    from sklearn.linear_model import LogisticRegressionCV

    n_training = len(problem.y) * (1.0 - 1.0 / len(data))
    model = LogisticRegressionCV(
        Cs=1.0 / (n_training * problem.alphas), l1_ratios=(1,), solver="saga", cv=data,
        scoring="neg_log_loss", tol=tol, max_iter=1000, use_legacy_attributes=False,
    )  # fmt: skip
    return -model.fit(problem.X, problem.y).scores_.mean(axis=0).ravel()


def splits(problem):
    """(train, test) rows of every fold."""
    return [
        (np.flatnonzero(problem.folds != fold), np.flatnonzero(problem.folds == fold))
        for fold in range(problem.folds.max() + 1)
    ]


CV_PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "glmnet", "R glmnet", tolerances("thresh", 5, 7, 8, 9, 10, 11, 12), _glmnet_prepare,
            _glmnet_cv_fit, lambda r: (r.get("fit$cvm") / 2.0,),
        ),
        Peer(
            "adelie", "adelie", tolerances("tol", 5, 6, 7, 8, 9, 10), _adelie_prepare,
            _adelie_cv_fit, lambda curve: (curve,),
        ),
        Peer(
            "sklearn saga", "sklearn", tolerances("tol", 3, 4, 5, 6), splits, _sklearn_cv_fit,
            lambda curve: (curve,),
        ),
    )
}  # fmt: skip

FITS = Subject(f"{__name__}:FITS", SPECS, problem, PEERS)
FOLDS = Subject(f"{__name__}:FOLDS", CV_SPECS, problem, CV_PEERS)
