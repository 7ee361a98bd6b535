# Figures of R for tests/test_r_inference.py, written to r_inference.json beside this file.
#
#   Rscript tests/data/r_inference.R        (needs R with MASS, nnet and sandwich; the tests need none)
#
# Data sets that come with R: mtcars, infert (datasets), birthwt, Pima.tr, housing (MASS).
# From R: glm, vcov, confint (MASS), vcovHC and vcovCL (sandwich), hatvalues, cooks.distance,
# rstandard, residuals, predict with errors, tests by refitting without a column (likelihood ratio and
# Rao, as drop1 gives them), multinom (nnet). Profile ends are also found here without interpolation:
# by uniroot on the deviance of fits with the coefficient held in an offset.

library(MASS)
library(nnet)
library(sandwich)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
exact <- glm.control(epsilon = 1e-15, maxit = 100)

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), "null", sprintf("%.17g", x)))
vector <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
rows_of <- function(m) paste0("[", paste(apply(m, 1, vector), collapse = ",\n    "), "]")
text <- function(x) paste0("\"", x, "\"")
texts <- function(x) paste0("[", paste(text(x), collapse = ", "), "]")
fields <- function(x) paste0("{\n", paste0("  \"", names(x), "\": ", x, collapse = ",\n"), "\n}")

# the fit of explicit columns, so that every coefficient has a column of its own
fitted_glm <- function(X, y, weight, offset, intercept) {
  data <- data.frame(y = y, X)
  formula <- if (intercept) y ~ . else y ~ 0 + .
  suppressWarnings(do.call(glm, list(
    formula, family = binomial(), data = data, weights = weight, offset = offset, control = exact
  )))
}

# deviance with one coefficient held at a value, from the fit of the others
held_deviance <- function(fit, j, value) {
  X <- model.matrix(fit)
  offset <- (if (is.null(fit$offset)) 0 else fit$offset) + value * X[, j]
  held <- suppressWarnings(glm.fit(
    X[, -j, drop = FALSE], fit$y, weights = fit$prior.weights, offset = offset,
    family = binomial(), control = exact
  ))
  held$deviance
}

profile_ends <- function(fit, level = 0.95, top = deviance(fit), columns = seq_along(coef(fit))) {
  crossing <- function(j, from, to) {
    uniroot(
      function(value) held_deviance(fit, j, value) - top - qchisq(level, 1),
      c(from, to), tol = 1e-12
    )$root
  }
  errors <- sqrt(diag(vcov(fit)))
  t(sapply(columns, function(j) {
    at <- coef(fit)[j]
    c(crossing(j, at - 6 * errors[j], at), crossing(j, at, at + 6 * errors[j]))
  }))
}

without <- function(fit, test) {
  table <- drop1(fit, test = test)
  table <- table[-1, ]
  as.numeric(table[[if (test == "Rao") "Rao score" else "LRT"]])
}

clusters <- function(n) (7 * (0:(n - 1))) %% 23

glm_entry <- function(X, y, weight = rep(1, nrow(X)), offset = NULL, intercept = TRUE) {
  fit <- fitted_glm(X, y, weight, offset, intercept)
  null <- if (is.null(offset)) rep(0, nrow(X)) else offset
  robust <- sapply(c("HC0", "HC1", "HC2", "HC3"), function(kind) sqrt(diag(vcovHC(fit, type = kind))))
  link <- predict(fit, type = "link", se.fit = TRUE)
  fields(c(
    columns = texts(colnames(X)), X = rows_of(X), y = vector(y), sample_weight = vector(weight),
    offset = if (is.null(offset)) "null" else vector(offset),
    fit_intercept = if (intercept) "true" else "false",
    coef = vector(coef(fit)), covariance = rows_of(vcov(fit)),
    deviance = number(deviance(fit)), deviance_null = number(fit$null.deviance),
    loglik = number(as.numeric(logLik(fit))), aic = number(AIC(fit)), bic = number(BIC(fit)),
    profile = rows_of(profile_ends(fit)), profile_90 = rows_of(profile_ends(fit, 0.9)),
    confint = rows_of(suppressMessages(confint(fit))),
    robust = rows_of(t(robust)),
    clustered = rows_of(vcovCL(fit, cluster = clusters(nrow(X)), type = "HC0")),
    leverage = vector(hatvalues(fit)), cooks = vector(cooks.distance(fit)),
    pearson = vector(residuals(fit, "pearson")), deviance_residuals = vector(residuals(fit, "deviance")),
    response = vector(residuals(fit, "response")), standardized = vector(rstandard(fit, type = "pearson")),
    link = vector(link$fit), link_errors = vector(link$se.fit),
    likelihood_ratio = vector(without(fit, "LRT")), rao = vector(without(fit, "Rao"))
  ))
}

# a coefficient that is infinite: column 1; R's own fit stops somewhere on the way
separated_entry <- function(X, y) {
  fit <- fitted_glm(X, y, rep(1, nrow(X)), NULL, TRUE)
  rest <- fitted_glm(X[X[, 1] == 0, -1], y[X[, 1] == 0], rep(1, sum(X[, 1] == 0)), NULL, TRUE)
  top <- deviance(rest)  # rows with column 1 are certain, the others decide the rest
  low <- uniroot(
    function(value) held_deviance(fit, 2, value) - top - qchisq(0.95, 1), c(-5, 10), tol = 1e-12
  )$root
  others <- profile_ends(rest)
  fields(c(
    columns = texts(colnames(X)), X = rows_of(X), y = vector(y), low = number(low),
    loglik = number(-top / 2), coef = vector(coef(rest)), standard_errors = vector(sqrt(diag(vcov(rest)))),
    profile = rows_of(others),
    likelihood_ratio = number(deviance(fitted_glm(X[, -1], y, rep(1, nrow(X)), NULL, TRUE)) - top)
  ))
}

softmax_entry <- function(X, y, weight = rep(1, nrow(X))) {
  data <- data.frame(y = y, X)
  fit <- do.call(multinom, list(
    y ~ ., data = data, weights = weight, Hess = TRUE, trace = FALSE, reltol = 0, abstol = 0, maxit = 2000
  ))
  fields(c(
    columns = texts(colnames(X)), X = rows_of(X), y = vector(as.integer(y) - 1),
    sample_weight = vector(weight), coef = rows_of(coef(fit)),
    standard_errors = rows_of(summary(fit)$standard.errors), deviance = number(deviance(fit)),
    aic = number(AIC(fit))
  ))
}

columns_of <- function(formula, data) {
  X <- model.matrix(formula, data)
  X <- X[, colnames(X) != "(Intercept)", drop = FALSE]
  colnames(X) <- gsub("[^A-Za-z0-9]", "", colnames(X))
  X
}

births <- columns_of(~ age + lwt + factor(race) + smoke + ptl + ht + ui + ftv, birthwt)
pima <- columns_of(~ npreg + glu + bp + skin + bmi + ped + age, Pima.tr)
cars <- columns_of(~ mpg + wt, mtcars)
cases <- columns_of(~ age + parity + education + spontaneous + induced, infert)
light <- cbind(light = as.numeric(birthwt$bwt < 1800), columns_of(~ age + lwt + smoke, birthwt))

entries <- c(
  birthwt = glm_entry(births, birthwt$low),
  "birthwt with weights" = glm_entry(
    births[, c("age", "lwt", "smoke", "ht")], birthwt$low, rep(1:3, length.out = nrow(births))
  ),
  Pima.tr = glm_entry(pima, as.integer(Pima.tr$type) - 1),
  "mtcars with offset" = glm_entry(cars, mtcars$vs, offset = log(mtcars$hp) - 5),
  "infert without intercept" = glm_entry(cases, infert$case, intercept = FALSE)
)
softmax <- c(
  housing = softmax_entry(
    columns_of(~ Infl + Type + Cont, housing), factor(housing$Sat, ordered = FALSE), housing$Freq
  ),
  infert = softmax_entry(columns_of(~ age + parity + spontaneous + case, infert), factor(infert$induced)),
  birthwt = softmax_entry(columns_of(~ age + lwt + smoke + low, birthwt), factor(birthwt$race))
)
object <- function(x) paste0("{\n", paste0("\"", names(x), "\": ", x, collapse = ",\n"), "\n}")
made_by <- text(paste0(
  R.version.string, ", MASS ", packageVersion("MASS"), ", nnet ", packageVersion("nnet"),
  ", sandwich ", packageVersion("sandwich")
))
writeLines(object(c(
  "made by" = made_by, glm = object(entries), separated = separated_entry(light, birthwt$low),
  multinom = object(softmax)
)), file.path(here, "r_inference.json"))
