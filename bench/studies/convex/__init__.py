"""Gradient descent on quadratics and convex functions."""
