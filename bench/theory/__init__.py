"""Closed forms and mean-field quantities, numpy and scipy only; each cites its source and is tested by brute force."""
