"""The suite against its peers: the same training done by PyTorch, plain JAX and scikit-learn, side by side in one run.

`python -m bench.peers --cell mlp-d4-w32-b32` compares one cell, `make peers` all of them.
"""
