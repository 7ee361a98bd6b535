"""What data lack for a logistic regression: faults, and terms that are missing."""
