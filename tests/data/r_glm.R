# Figures of R's glm for tests/test_r_figures.py: data and fits, written to r_glm.json beside this file.
#
# Rscript tests/data/r_glm.R        (needs R with MASS; the tests need neither)
#
# Data sets that come with R: mtcars, iris, infert, esoph (datasets), birthwt, Pima.tr (MASS).

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
exact <- glm.control(epsilon = 1e-15, maxit = 100)

number <- function(x) ifelse(is.na(x), "null", sprintf("%.17g", x))
vector <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
matrix_rows <- function(m) {
  rows <- apply(m, 1, vector)
  paste0("[", paste(rows, collapse = ",\n    "), "]")
}
text <- function(x) paste0("\"", x, "\"")

# the columns and targets that glm saw, and what it made of them
entry <- function(name, fit) {
  design <- model.matrix(fit)
  intercept <- attr(terms(fit), "intercept") == 1
  columns <- if (intercept) design[, -1, drop = FALSE] else design
  offset <- if (is.null(fit$offset)) "null" else vector(fit$offset)
  fields <- c(
    formula = text(paste(deparse(formula(fit)), collapse = " ")),
    columns = paste0("[", paste(text(colnames(columns)), collapse = ", "), "]"),
    X = matrix_rows(columns),
    y = vector(fit$y),
    sample_weight = vector(fit$prior.weights),
    offset = offset,
    fit_intercept = if (intercept) "true" else "false",
    coef = vector(coef(fit)[colnames(columns)]),
    intercept = if (intercept) number(coef(fit)[["(Intercept)"]]) else "0",
    standard_errors = vector(sqrt(diag(vcov(fit)))),
    deviance = number(deviance(fit)),
    probabilities = vector(fitted(fit))
  )
  body <- paste0("  \"", names(fields), "\": ", fields, collapse = ",\n")
  paste0("\"", name, "\": {\n", body, "\n}")
}

logistic <- function(formula, data, weights = NULL) {
  do.call(glm, list(formula, family = binomial(), data = data, weights = weights, control = exact))
}

overlapping <- subset(iris, Species != "setosa")
overlapping$virginica <- as.integer(overlapping$Species == "virginica")
counted <- subset(MASS::birthwt, select = c(low, age, lwt, smoke, ht, ptl))
counted$times <- rep(1:3, length.out = nrow(counted))
shifted <- mtcars
shifted$known <- log(mtcars$hp) - 5
tumours <- esoph
tumours$agegp <- unclass(tumours$agegp)
tumours$alcgp <- unclass(tumours$alcgp)
tumours$tobgp <- unclass(tumours$tobgp)
tumours <- as.data.frame(lapply(tumours, as.numeric))

fits <- list(
  mtcars = logistic(am ~ wt + hp, mtcars),
  "mtcars without intercept" = logistic(am ~ 0 + wt + hp, mtcars),
  "mtcars with offset" = logistic(vs ~ mpg + wt + offset(known), shifted),
  "iris, two overlapping kinds" = logistic(
    virginica ~ Sepal.Length + Sepal.Width + Petal.Length + Petal.Width, overlapping
  ),
  infert = logistic(case ~ age + parity + education + spontaneous + induced, infert),
  "birthwt with weights" = logistic(low ~ age + lwt + smoke + ht + ptl, counted, counted$times),
  "birthwt with factors" = logistic(
    low ~ age + lwt + factor(race) + smoke + ptl + ht + ui + ftv, MASS::birthwt
  ),
  Pima.tr = logistic(type ~ ., MASS::Pima.tr),
  "esoph, cases among counts" = logistic(
    cbind(ncases, ncontrols) ~ agegp + alcgp + tobgp, tumours
  )
)

pieces <- mapply(entry, names(fits), fits)
made_by <- paste0("\"made by\": ", text(paste(R.version.string, "glm, epsilon = 1e-15")))
writeLines(paste0("{\n", paste(c(made_by, pieces), collapse = ",\n"), "\n}"),
           file.path(here, "r_glm.json"))
