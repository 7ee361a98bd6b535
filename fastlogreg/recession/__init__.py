"""Directions along which the likelihood of a logistic regression never falls, and their absence."""
