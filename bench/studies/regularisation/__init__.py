"""Regularisation and statistics."""
