"""Statistics of a maximum-likelihood fit: standard errors, tests, intervals, influence."""
