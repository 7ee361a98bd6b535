"""Calls that give a model of two classes, a function a library."""

from fastlogreg.estimators.equivalents_code import (
    CannotError,
    call,
    class_factors,
    class_weight,
    glmnet_call,
    neat,
    python_array,
    python_share,
    python_target,
    python_weight,
    r_target,
    r_weight,
    scaled_columns,
    with_numpy,
)


def _scikit_learn(m):
    if m.bounded:
        raise CannotError("its LogisticRegression has no bounds.")
    if m.offset:
        raise CannotError("its LogisticRegression has no offset.")
    if m.factor is not None:
        if (m.factor == 0).any():
            raise CannotError("it penalises every coefficient; here some have the factor 0.")
        if 0 < m.l1_ratio < 1:
            raise CannotError(
                "it has no penalty factors; scaling the columns gives them for pure L1 or L2 only."
            )
    lines, X = scaled_columns(m, by_factor=m.factor is not None)
    settings = [f"C={m.inverse_penalty!r}" if m.alpha else "C=np.inf"]
    if m.l1_ratio:  # its liblinear would penalise the intercept
        settings += [f"l1_ratio={neat(m.l1_ratio)!r}", 'solver="saga"', "tol=1e-10"]
        settings += ["max_iter=100_000"]
    elif m.p <= 2_000:
        settings += ['solver="newton-cholesky"', "tol=1e-10"]
    else:
        settings += ['solver="lbfgs"', "tol=1e-10", "max_iter=100_000"]
    if not m.intercept:
        settings += ["fit_intercept=False"]
    if m.class_weight is not None:
        settings += [f"class_weight={class_weight(m)}"]
    y, weight = "y", "sample_weight" if m.weighted else None
    if m.soft:  # every row once a class
        lines += ["rows = np.tile(np.arange(X.shape[0]), 2)"]
        X, y = X.replace("X", "X[rows]"), "np.repeat([0, 1], X.shape[0])"
        weight = 'y.ravel("F")' + (" * sample_weight[rows]" if m.weighted else "")
    weight = None if weight is None else f"sample_weight={weight}"
    divided = " / scale" if X.endswith("scale") else ""
    return with_numpy(
        [
            "from sklearn.linear_model import LogisticRegression",
            *lines,
            call("model = LogisticRegression", *settings),
            call("model.fit", X, y, weight),
            f"coef, intercept = model.coef_[0]{divided}, float(np.ravel(model.intercept_)[0])",
        ]
    )


def _glmnet(m):
    if m.p < 2:
        raise CannotError("it wants at least two columns.")
    if m.bounded and ((m.lower is not None and m.lower.max() > 0) or
                      (m.upper is not None and m.upper.min() < 0)):  # fmt: skip
        raise CannotError("0 must lie within its limits; here it does not.")
    target = "y" if m.soft else r_target(m)
    return glmnet_call(m, target, ['family = "binomial"'], *r_weight(m))


def _r_glm(m):
    if m.bounded:
        raise CannotError("it has no bounds.")
    lines, weight = r_weight(m)
    return [
        *lines,
        call(
            "fit <- glm",
            f"{r_target(m)} ~ X" + ("" if m.intercept else " - 1"),
            "family = quasibinomial()",
            weight and f"weights = {weight}",
            "offset = offset" if m.offset else None,
            "control = list(epsilon = 1e-14, maxit = 100)",
        ),
        "coef(fit)",
    ]


def _statsmodels(m):
    if m.bounded:
        raise CannotError("it has no bounds.")
    weighing, weight = python_weight(m)
    scaling, X = scaled_columns(m, by_factor=False)
    divided = " / scale" if m.standardize else ""
    # Logit has no weights and no L2, and is wrong for soft targets
    logit = weight is None and not m.soft and (m.l1_ratio == 1 or not m.alpha)
    model = call(
        f"model = sm.{'Logit' if logit else 'GLM'}",
        python_target(m),
        f'sm.add_constant({X}, has_constant="add")' if m.intercept else X,
        None if logit else "family=sm.families.Binomial()",
        None if weight is None else f"freq_weights={weight}",
        "offset=offset" if m.offset else None,
    )
    if m.alpha:
        fit = _statsmodels_penalty(m, logit)
    else:
        fit = [f"result = model.fit({'tol=1e-12, disp=False' if logit else 'tol=1e-14'})"]
    parts = f"result.params[1:]{divided}, result.params[0]"
    if not m.intercept:
        parts = f"result.params{divided}, 0.0"
    return with_numpy(
        ["import statsmodels.api as sm", *(scaling or weighing), model, *fit,
         f"coef, intercept = {parts}"]
    )  # fmt: skip


def _statsmodels_penalty(m, logit):
    """Lines that make ``alpha``, one number a column and 0 for the constant, and fit with it."""
    strength = neat(m.alpha * m.total) if logit else neat(m.alpha)
    per_row = ""
    if not logit and m.any_weight:  # it divides the weighted loss by the number of rows
        strength, per_row = neat(m.alpha * m.total), " / X.shape[0]"
    if m.factor is not None:
        lines = python_array("penalty_factor", m.factor)
        factor = "np.append(0.0, penalty_factor)" if m.intercept else "penalty_factor"
        lines += [f"alpha = {strength!r}{per_row} * {factor}"]
    else:
        lines = [f"alpha = np.full({m.p + m.intercept}, {strength!r}{per_row})"]
        lines += ["alpha[0] = 0.0"] * m.intercept
    if m.l1_ratio == 1:
        options = 'acc=1e-12, trim_mode="off", maxiter=10_000'
        if logit:
            options += ", disp=False"
        else:
            lines += ["# from statsmodels 0.15 on"]
            options = f'method="l1_slsqp", {options}'
    elif m.l1_ratio:
        lines += ["# its coordinate descent keeps at 0 what was 0 once, so the result may differ"]
        options = f"L1_wt={neat(m.l1_ratio)!r}, cnvrg_tol=1e-12, maxiter=10_000"
    else:
        lines += ["# to about four digits: it stops at gradients of 1e-5"]
        options = "L1_wt=0"
    return [*lines, call("result = model.fit_regularized", "alpha=alpha", options)]


def _glum(m):
    lines, weight = python_weight(m)
    if m.factor is not None:
        lines += python_array("penalty_factor", m.factor)
    for name in ("lower", "upper"):
        if getattr(m, name) is not None:
            lines += python_array(name, getattr(m, name))
    has_factor = m.factor is not None
    return with_numpy(
        [
            "from glum import GeneralizedLinearRegressor",
            *lines,
            call(
                "model = GeneralizedLinearRegressor",
                'family="binomial"',
                f"alpha={neat(m.alpha)!r}",
                f"l1_ratio={neat(m.l1_ratio)!r}",
                "P1=penalty_factor" if has_factor and m.l1_ratio > 0 else None,
                "P2=penalty_factor" if has_factor and m.l1_ratio < 1 else None,
                "scale_predictors=True" if m.standardize else None,
                None if m.lower is None else "lower_bounds=lower",
                None if m.upper is None else "upper_bounds=upper",
                None if m.intercept else "fit_intercept=False",
                "gradient_tol=1e-10",
                "max_iter=1000",
            ),
            call(
                "model.fit",
                "X",
                python_target(m),
                None if weight is None else f"sample_weight={weight}",
                "offset=offset" if m.offset else None,
            ),
            "coef, intercept = model.coef_, model.intercept_",
        ]
    )


def refuse_beyond_liblinear(m):
    """CannotError for what LIBLINEAR has for no number of classes."""
    if not m.alpha:
        raise CannotError("it always has a penalty.")
    if m.bounded:
        raise CannotError("it has no bounds.")
    if m.offset:
        raise CannotError("it has no offset.")
    if 0 < m.l1_ratio < 1:
        raise CannotError("it has L1 or L2, not both at once.")
    if m.factor is not None or m.standardize:
        raise CannotError("it penalises all coefficients alike, in the units of X.")
    if m.weighted or m.soft:
        raise CannotError("weights of rows are in a separate version of it only.")


def _liblinear(m):
    refuse_beyond_liblinear(m)
    options = f"-s {6 if m.l1_ratio else 0} -c {m.inverse_penalty!r} -e 1e-8 -q"
    if m.intercept:  # -R: not penalised
        options += " -B 1 -R"
    lines, prefix = [], ""
    if m.class_weight is not None:
        lines, (negative, positive) = class_factors(m, python_share(m), "share = ")
        if m.class_weight == "balanced":
            prefix, negative, positive = "f", f"{{{negative}}}", f"{{{positive}}}"
        options += f" -w0 {negative} -w1 {positive}"
    return with_numpy(
        [
            "from liblinear.liblinearutil import train",
            *lines,
            call("model = train", python_target(m), "X", f'{prefix}"{options}"'),
            "coef, intercept = model.get_decfun(model.get_labels().index(1))",
        ]
    )


WRITERS = {
    "scikit-learn": _scikit_learn,
    "R glmnet": _glmnet,
    "R glm": _r_glm,
    "statsmodels": _statsmodels,
    "glum": _glum,
    "LIBLINEAR": _liblinear,
}
