"""Logistic regression and losses."""
