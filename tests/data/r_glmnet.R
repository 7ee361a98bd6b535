# Figures of R's glmnet for tests/test_r_glmnet.py, written to r_glmnet.json beside this file.
#
#   Rscript tests/data/r_glmnet.R $(python -c "import sklearn, os; print(os.path.dirname(sklearn.__file__))")
#
# Needs R with glmnet and MASS; the tests need neither. The data are not in the file: the tests take
# them from scikit-learn's bundled sets, from r_glm.json, or from the formula of `whole_numbers`.
#
# alpha, factor and lower, upper are in the convention of fastlogreg.fit:
#   weighted mean loss + alpha sum_j f_j (l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2).
# glmnet scales the factors to sum to p, so its lambda is alpha sum(f) / p; its alpha is our l1_ratio.

library(glmnet)
glmnet.control(fdev = 0, devmax = 1, pmin = 1e-12)
folder <- file.path(commandArgs(trailingOnly = TRUE)[1], "datasets", "data")
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))

bundled <- function(file, skip) as.matrix(read.csv(file.path(folder, file), header = FALSE, skip = skip))

# the last column is the label; `classes` are the labels that take part, `positive` is target 1
labelled <- function(file, skip, classes, positive) {
  all <- bundled(file, skip)
  label <- all[, ncol(all)]
  keep <- label %in% classes
  list(X = unname(all[keep, -ncol(all)]), y = as.numeric(label[keep] == positive))
}

framed <- function(formula, data) {
  list(X = unname(model.matrix(formula, data)[, -1]), y = as.numeric(model.response(model.frame(formula, data))))
}

# more columns than rows: small whole numbers, from i = 0.. and j = 0..
whole_numbers <- function(n, p) {
  X <- outer(0:(n - 1), 0:(p - 1), function(i, j) {
    (7919 * i + 104729 * j + 31 * i * i * j + 17 * i * j * j) %% 10007 %% 11 - 5
  })
  list(X = X, y = as.numeric((3 * (0:(n - 1))^2 + X[, 1] + X[, 3]) %% 7 > 2))
}

pima <- framed(type ~ ., MASS::Pima.tr)
pima$y <- pima$y - 1
tumours <- as.data.frame(lapply(esoph, as.numeric))
counts <- tumours$ncases + tumours$ncontrols
data <- list(
  breast_cancer = labelled("breast_cancer.csv", 1, 0:1, 1),
  iris = labelled("iris.csv", 1, 1:2, 2),
  wine = labelled("wine_data.csv", 1, 0:1, 1),
  digits = labelled("digits.csv.gz", 0, c(3, 8), 8),
  birthwt = framed(low ~ age + lwt + factor(race) + smoke + ptl + ht + ui + ftv, MASS::birthwt),
  Pima.tr = pima,
  infert = framed(case ~ age + parity + education + spontaneous + induced, infert),
  esoph = list(X = unname(as.matrix(tumours[, 1:3])), y = tumours$ncases / counts, weight = counts),
  whole_numbers = whole_numbers(40, 120)
)

# weights, offset and factors from formulas too; i and j count from 0
weights_of <- function(n) 1 + (0:(n - 1)) %% 3
offset_of <- function(n) ((5 * (0:(n - 1))) %% 9 - 4) / 8
factor_of <- function(p) ((0:(p - 1)) %% 16) / 8

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
vector <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")
text <- function(x) paste0("\"", x, "\"")
truth <- function(x) if (x) "true" else "false"

fitted_entry <- function(set, alpha, l1_ratio = 1, weights = FALSE, offset = FALSE, factors = FALSE,
                         lower = -Inf, upper = Inf, standardize = TRUE, intercept = TRUE) {
  X <- data[[set]]$X
  y <- data[[set]]$y
  n <- nrow(X)
  p <- ncol(X)
  weight <- data[[set]]$weight
  if (weights) weight <- weights_of(n)
  factor <- if (factors) factor_of(p) else rep(1, p)
  fit <- glmnet(
    X, cbind(1 - y, y), family = "binomial", alpha = l1_ratio, lambda = alpha * sum(factor) / p,
    weights = weight, offset = if (offset) offset_of(n), penalty.factor = factor,
    lower.limits = lower, upper.limits = upper, standardize = standardize, intercept = intercept,
    thresh = threshold, maxit = 1e7
  )
  stopifnot(fit$jerr == 0)
  fields <- c(
    data = text(set), alpha = number(alpha), l1_ratio = number(l1_ratio), weights = truth(weights),
    offset = truth(offset), factors = truth(factors), lower = number(lower), upper = number(upper),
    standardize = truth(standardize), fit_intercept = truth(intercept),
    intercept = number(as.numeric(fit$a0)), coef = vector(as.numeric(fit$beta))
  )
  paste0("{", paste0("\"", names(fields), "\": ", fields, collapse = ", "), "}")
}

threshold <- 1e-22
all <- names(data)
raw <- c("iris", "birthwt", "Pima.tr", "infert", "esoph", "digits", "whole_numbers")
pieces <- c(
  sapply(all, fitted_entry, alpha = 0.02),
  sapply(all, fitted_entry, alpha = 0.05, l1_ratio = 0.5),
  sapply(all, fitted_entry, alpha = 0.1, l1_ratio = 0.1),
  sapply(raw, fitted_entry, alpha = 0.02, standardize = FALSE),
  sapply(raw, fitted_entry, alpha = 0.05, l1_ratio = 0.5, standardize = FALSE),
  sapply(all, fitted_entry, alpha = 0.02, weights = TRUE),
  sapply(all, fitted_entry, alpha = 0.02, offset = TRUE, l1_ratio = 0.7),
  sapply(all, fitted_entry, alpha = 0.05, l1_ratio = 0.7, factors = TRUE),
  sapply(all, fitted_entry, alpha = 0.01, lower = 0),
  sapply(all, fitted_entry, alpha = 0.01, lower = -0.02, upper = 0.03, l1_ratio = 0.5),
  sapply(all, fitted_entry, alpha = 0.02, intercept = FALSE),
  sapply(raw, fitted_entry, alpha = 0.02, intercept = FALSE, standardize = FALSE),
  sapply(all, fitted_entry, alpha = 0.03, l1_ratio = 0.6, weights = TRUE, offset = TRUE,
         factors = TRUE, upper = 0.1)
)
made_by <- text(paste0(R.version.string, ", glmnet ", packageVersion("glmnet"), ", thresh = ", threshold))
writeLines(paste0("{\n\"made by\": ", made_by, ",\n\"fits\": [\n", paste(pieces, collapse = ",\n"), "\n]\n}"),
           file.path(here, "r_glmnet.json"))
