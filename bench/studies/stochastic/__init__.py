"""Stochastic and mini-batch descent."""
