"""Estimates with less bias than maximum likelihood: Firth's and its relatives."""
