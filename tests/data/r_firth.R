# Figures of R's brglm2 for tests/test_r_firth.py: data and fits, written to r_firth.json beside this file.
#
#   Rscript tests/data/r_firth.R tests/data/sex2.csv
#
# Needs R with brglm2 and MASS; the tests need neither. The argument is logistf's data set sex2 as a CSV
# of whole numbers with a header (case, age, oc, vic, vicl, vis, dia); logistf itself is not used.
# Other data sets come with R: endometrial, lizards, alligators (brglm2), birthwt (MASS), iris.

suppressMessages(library(brglm2))
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
sex2 <- read.csv(commandArgs(trailingOnly = TRUE)[1])

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
vector <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
matrix_rows <- function(m) paste0("[", paste(apply(m, 1, vector), collapse = ",\n    "), "]")
text <- function(x) paste0("\"", x, "\"")
object <- function(fields) paste0("{", paste0("\"", names(fields), "\": ", fields, collapse = ",\n  "), "}")

# the intercept last, as fastlogreg has it
last <- function(x) if (names(x)[1] == "(Intercept)") x[c(2:length(x), 1)] else x

# at the power 1 full steps run away on sex2, so those are shortened
types <- list(AS_mean = c(type = "AS_mean", a = 0.5), AS_median = c(type = "AS_median", a = 0.5),
              Jeffreys_0.25 = c(type = "MPL_Jeffreys", a = 0.25),
              Jeffreys_1 = c(type = "MPL_Jeffreys", a = 1))

fitted_entry <- function(formula, data, weights, type) {
  fit <- do.call(glm, list(
    formula, family = binomial(), data = data, weights = weights, method = "brglmFit",
    type = type[["type"]], a = as.numeric(type[["a"]]), epsilon = 1e-10, maxit = 10000, slowit = if (type[["a"]] == 1) 0.3 else 1
  ))
  stopifnot(fit$converged)
  beta <- coef(fit)
  object(c(theta = vector(last(beta)), standard_errors = vector(last(sqrt(diag(vcov(fit))))),
           deviance = number(deviance(fit))))
}

binary_entry <- function(name, formula, data, weights = NULL) {
  fit <- do.call(glm, list(formula, family = binomial(), data = data, weights = weights))
  design <- model.matrix(fit)
  intercept <- colnames(design)[1] == "(Intercept)"
  fields <- c(
    formula = text(paste(deparse(formula), collapse = " ")),
    X = matrix_rows(if (intercept) design[, -1, drop = FALSE] else design),
    y = vector(fit$y),
    sample_weight = vector(fit$prior.weights),
    offset = if (is.null(fit$offset)) "null" else vector(fit$offset),
    fit_intercept = if (intercept) "true" else "false",
    sapply(types, function(type) fitted_entry(formula, data, weights, type))
  )
  paste0("\"", name, "\": ", object(fields))
}

# brmultinom's reference is the first class; rows of `y` are weights spread over the classes
softmax_entry <- function(name, formula, data, weights = NULL) {
  fit <- do.call(brmultinom, list(
    formula, data = data, weights = weights, type = "AS_mean", epsilon = 1e-10, maxit = 10000, ref = 1
  ))
  beta <- coef(fit)
  errors <- matrix(sqrt(diag(vcov(fit))), nrow(beta), byrow = TRUE)
  frame <- model.frame(formula, data)
  design <- model.matrix(formula, data)
  classes <- model.response(frame)
  order <- c(2:ncol(beta), 1)
  fields <- c(
    X = matrix_rows(design[, -1, drop = FALSE]),
    y = vector(as.integer(classes) - 1),
    sample_weight = vector(if (is.null(weights)) rep(1, nrow(data)) else weights),
    theta = matrix_rows(beta[, order]),
    standard_errors = matrix_rows(errors[, order])
  )
  paste0("\"", name, "\": ", object(fields))
}

data("endometrial", package = "brglm2")
data("lizards", package = "brglm2")
data("alligators", package = "brglm2")
births <- MASS::birthwt
births$times <- rep(0:2, length.out = nrow(births))
births$known <- (births$lwt - 130) / 60
gators <- subset(alligators, freq > 0)
gators$foodchoice <- factor(gators$foodchoice)

binary <- c(
  binary_entry("endometrial", HG ~ NV + PI + EH, endometrial),
  binary_entry("sex2", case ~ age + oc + vic + vicl + vis + dia, sex2),
  binary_entry("birthwt", low ~ age + lwt + factor(race) + smoke + ptl + ht + ui + ftv, births),
  binary_entry("birthwt, weights and offset", low ~ age + smoke + ht + ui + offset(known), births,
               births$times),
  binary_entry("birthwt without intercept", low ~ 0 + smoke + ht + ui, births),
  binary_entry("lizards", cbind(grahami, opalinus) ~ height + diameter + light + time, lizards)
)
softmax <- c(
  softmax_entry("iris, separated", Species ~ Petal.Length + Sepal.Width, iris),
  softmax_entry("alligators", foodchoice ~ size + lake, gators, gators$freq),
  softmax_entry("birthwt, three races", factor(race) ~ age + lwt + smoke, births)
)
made_by <- text(paste0(R.version.string, ", brglm2 ", packageVersion("brglm2"), ", epsilon = 1e-10"))
writeLines(paste0("{\n\"made by\": ", made_by, ",\n\"binary\": {\n", paste(binary, collapse = ",\n"),
                  "\n},\n\"softmax\": {\n", paste(softmax, collapse = ",\n"), "\n}\n}"),
           file.path(here, "r_firth.json"))
