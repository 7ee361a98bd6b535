# Figures of R's glmnet and nnet for many classes, for tests/test_r_multinomial.py, written to
# r_multinomial.json beside this file.
#
#   Rscript tests/data/r_multinomial.R $(python -c "import sklearn, os; print(os.path.dirname(sklearn.__file__))")
#
# Needs R with glmnet, nnet and MASS; the tests need none of them. Data of R's packages are in the
# file; the tests take the others from scikit-learn's bundled sets or from the formula of
# `whole_numbers`.
#
# alpha and factor are in the convention of fastlogreg.fit:
#   weighted mean loss + alpha sum_kj f_j (l1_ratio |b_kj| + (1 - l1_ratio)/2 b_kj^2),
# the L1 part being alpha l1_ratio sum_j f_j ||b_.j|| where `grouped`. glmnet scales the factors to
# sum to p, so its lambda is alpha sum(f) / p; its alpha is our l1_ratio.

suppressMessages({library(glmnet); library(nnet); library(MASS)})
glmnet.control(fdev = 0, devmax = 1, pmin = 1e-12)
folder <- file.path(commandArgs(trailingOnly = TRUE)[1], "datasets", "data")
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))

# scikit-learn's sets: the last column is the label
labelled <- function(file, skip, rows = NULL) {
  all <- as.matrix(read.csv(file.path(folder, file), header = FALSE, skip = skip))
  if (!is.null(rows)) all <- all[1:rows, ]
  list(X = unname(all[, -ncol(all)]), y = as.integer(all[, ncol(all)]))
}

# sets of R's own, complete rows only; the response is a factor
framed <- function(formula, data, weight = NULL) {
  frame <- model.frame(formula, data)
  y <- as.integer(model.response(frame)) - 1L
  list(X = unname(model.matrix(formula, frame)[, -1, drop = FALSE]), y = y, weight = weight)
}

# more columns than rows: small whole numbers, from i = 0.. and j = 0..
whole_numbers <- function(n, p) {
  X <- outer(0:(n - 1), 0:(p - 1), function(i, j) {
    (7919 * i + 104729 * j + 31 * i * i * j + 17 * i * j * j) %% 10007 %% 11 - 5
  })
  list(X = X, y = as.integer((3 * (0:(n - 1))^2 + X[, 1] + X[, 3]) %% 7 %% 4))
}

data <- list(
  iris = labelled("iris.csv", 1),
  wine = labelled("wine_data.csv", 1),
  digits = labelled("digits.csv.gz", 0, 400),
  whole_numbers = whole_numbers(40, 120),
  birthwt = framed(factor(race) ~ age + lwt + smoke + ptl + ht + ui + bwt, birthwt),
  survey = framed(Exer ~ Wr.Hnd + NW.Hnd + Pulse + Height + Age + Sex, survey),
  housing = framed(Sat ~ Infl + Type + Cont, housing, housing$Freq),
  airquality = framed(factor(Month) ~ Ozone + Solar.R + Wind + Temp, airquality),
  chickwts = framed(feed ~ weight, chickwts),
  ToothGrowth = framed(factor(dose) ~ len + supp, ToothGrowth)
)
embedded <- c("birthwt", "survey", "housing", "airquality", "chickwts", "ToothGrowth")

# weights, offsets and factors from formulas too; i, j and k count from 0
weights_of <- function(n) 1 + (0:(n - 1)) %% 3
offset_of <- function(n, K) outer(0:(n - 1), 0:(K - 1), function(i, k) ((5 * i + 3 * k) %% 9 - 4) / 8)
factor_of <- function(p) ((0:(p - 1)) %% 5) / 2

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
vector <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
matrix_text <- function(x) paste0("[", paste(apply(x, 1, vector), collapse = ", "), "]")
text <- function(x) paste0("\"", x, "\"")
truth <- function(x) if (x) "true" else "false"
object <- function(fields) paste0("{", paste0("\"", names(fields), "\": ", fields, collapse = ", "), "}")

threshold <- 1e-22

penalised_entry <- function(set, alpha, l1_ratio = 1, grouped = FALSE, weights = FALSE, offset = FALSE,
                            factors = FALSE, standardize = TRUE, intercept = TRUE) {
  X <- data[[set]]$X
  y <- data[[set]]$y
  n <- nrow(X)
  p <- ncol(X)
  K <- max(y) + 1
  weight <- if (is.null(data[[set]]$weight)) rep(1, n) else data[[set]]$weight
  if (weights) weight <- weights_of(n)
  factor <- if (factors) factor_of(p) else rep(1, p)
  lambda <- alpha * sum(factor) / p * 2^(20:0 / 4) # from a start at zero it would take for ever
  fit <- glmnet(
    X, diag(K)[y + 1, ], family = "multinomial", alpha = l1_ratio, lambda = lambda,
    type.multinomial = if (grouped) "grouped" else "ungrouped", weights = weight,
    offset = if (offset) offset_of(n, K), penalty.factor = factor, standardize = standardize,
    intercept = intercept, thresh = threshold, maxit = 1e7
  )
  stopifnot(fit$jerr == 0)
  last <- length(lambda)
  coefficients <- t(sapply(fit$beta, function(b) as.numeric(b[, last])))
  fields <- c(
    data = text(set), alpha = number(alpha), l1_ratio = number(l1_ratio), grouped = truth(grouped),
    weights = truth(weights), offset = truth(offset), factors = truth(factors),
    standardize = truth(standardize), fit_intercept = truth(intercept),
    intercept = vector(as.numeric(fit$a0[, last])), coef = matrix_text(coefficients)
  )
  object(fields)
}

# nnet's scores of class 0 are zero; columns are standardised for its BFGS, the figures are not
unpenalised_entry <- function(set, weights = FALSE) {
  X <- data[[set]]$X
  n <- nrow(X)
  y <- factor(data[[set]]$y)
  weight <- if (is.null(data[[set]]$weight)) rep(1, n) else data[[set]]$weight
  if (weights) weight <- weights_of(n)
  centre <- colMeans(X)
  scale <- apply(X, 2, sd)
  Z <- sweep(sweep(X, 2, centre), 2, scale, "/")
  fit <- multinom(y ~ Z, weights = weight, maxit = 100000, reltol = 1e-30, abstol = 0, MaxNWts = 1e5,
                  trace = FALSE)
  b <- coef(fit)
  coefficients <- sweep(b[, -1, drop = FALSE], 2, scale, "/")
  intercept <- b[, 1] - as.numeric(coefficients %*% centre)
  object(c(
    data = text(set), weights = truth(weights), deviance = number(fit$deviance),
    intercept = vector(intercept), coef = matrix_text(coefficients)
  ))
}

all <- setdiff(names(data), "chickwts") # glmnet wants two columns
small <- setdiff(all, c("digits", "whole_numbers"))
raw <- c("iris", "wine", "birthwt", "airquality")
groups <- c(FALSE, TRUE)
pieces <- c(
  sapply(all, penalised_entry, alpha = 0.02),
  sapply(all, penalised_entry, alpha = 0.02, grouped = TRUE),
  sapply(small, penalised_entry, alpha = 0.1),
  sapply(small, penalised_entry, alpha = 0.1, grouped = TRUE),
  sapply(all, penalised_entry, alpha = 0.05, l1_ratio = 0.5),
  sapply(small, penalised_entry, alpha = 0.05, l1_ratio = 0.5, grouped = TRUE),
  sapply(small, penalised_entry, alpha = 0.05, l1_ratio = 0),
  sapply(raw, penalised_entry, alpha = 0.01, l1_ratio = 0, standardize = FALSE),
  sapply(raw, penalised_entry, alpha = 0.02, standardize = FALSE),
  sapply(raw, penalised_entry, alpha = 0.02, l1_ratio = 0.7, standardize = FALSE, grouped = TRUE),
  sapply(small, penalised_entry, alpha = 0.02, weights = TRUE),
  sapply(small, penalised_entry, alpha = 0.02, weights = TRUE, grouped = TRUE),
  sapply(small, penalised_entry, alpha = 0.02, offset = TRUE, l1_ratio = 0.7),
  sapply(small, penalised_entry, alpha = 0.02, offset = TRUE, l1_ratio = 0.7, grouped = TRUE),
  sapply(small, penalised_entry, alpha = 0.03, l1_ratio = 0.6, factors = TRUE),
  sapply(small, penalised_entry, alpha = 0.02, intercept = FALSE),
  sapply(small, penalised_entry, alpha = 0.03, l1_ratio = 0.6, weights = TRUE, offset = TRUE, factors = TRUE)
)
maximum_likelihood <- c(
  sapply(embedded, unpenalised_entry), sapply(setdiff(embedded, "housing"), unpenalised_entry, weights = TRUE)
)
sets <- sapply(data[embedded], function(set) {
  fields <- c(X = matrix_text(set$X), y = vector(set$y))
  if (!is.null(set$weight)) fields <- c(fields, sample_weight = vector(set$weight))
  object(fields)
})
made_by <- text(paste0(R.version.string, ", glmnet ", packageVersion("glmnet"), ", thresh = ", threshold,
                       ", nnet ", packageVersion("nnet")))
writeLines(paste0(
  "{\n\"made by\": ", made_by,
  ",\n\"data\": {\n", paste0(text(embedded), ": ", sets, collapse = ",\n"), "\n}",
  ",\n\"glmnet\": [\n", paste(pieces, collapse = ",\n"), "\n]",
  ",\n\"multinom\": [\n", paste(maximum_likelihood, collapse = ",\n"), "\n]\n}"
), file.path(here, "r_multinomial.json"))
