"""Training of deep networks."""
