"""Model definitions as pure functions on pytrees; jax only, nothing of the suite.

Every dict below is a registry: a new model, activation, init or loss is one entry.
"""

from functools import partial

from models import normalisation
from models.activations import ACTIVATIONS, Activation
from models.autoencoder import autoencoder
from models.base import Architecture, Batch, Model, Shape, Taps, inspected, objective
from models.inits import INITS, Init
from models.linear import linear
from models.losses import LOSSES, Loss
from models.mlp import mlp
from models.particles import saddle_particles
from models.recurrent import lstm, rnn
from models.student import relu_student
from models.surfaces import bowl, double_well, huber, narrow_well, quadratic, quartic, rosenbrock, saddle, three_pieces

_NETWORK = ("depth", "width", "activation", "bias")

MODELS = {
    "linear": Architecture(linear, ("bias",), loss="half_squared_error"),
    "logistic": Architecture(linear, ("bias",), loss="binary_cross_entropy"),
    "softmax": Architecture(linear, ("bias",), loss="softmax_cross_entropy"),
    "mlp": Architecture(mlp, _NETWORK, init="glorot"),
    "residual": Architecture(partial(mlp, skip="signal"), _NETWORK, init="glorot"),
    "preactivation_residual": Architecture(partial(mlp, skip="preactivation"), _NETWORK, init="glorot"),
    "batch_normalised": Architecture(
        partial(mlp, normalisation=normalisation.BATCH), _NETWORK, init="glorot", mixes_rows=True
    ),
    "layer_normalised": Architecture(partial(mlp, normalisation=normalisation.LAYER), _NETWORK, init="glorot"),
    "autoencoder": Architecture(autoencoder, _NETWORK, loss="bernoulli_cross_entropy", init="sparse"),
    "quadratic": Architecture(quadratic, needs_data=False),
    "bowl": Architecture(bowl, needs_data=False),
    "rosenbrock": Architecture(rosenbrock, needs_data=False),
    "double_well": Architecture(double_well, needs_data=False),
    "saddle": Architecture(saddle, needs_data=False),
    "huber": Architecture(huber, needs_data=False),
    "quartic": Architecture(quartic, needs_data=False),
    "three_pieces": Architecture(three_pieces, needs_data=False),
    "narrow_well": Architecture(narrow_well, needs_data=False),
    "saddle_particles": Architecture(saddle_particles, loss="linear"),
    "rnn": Architecture(rnn, ("width", "activation"), init="orthogonal"),
    "lstm": Architecture(lstm, ("width",), init="glorot_uniform"),
    "relu_student": Architecture(relu_student, ("width",), loss="linear", init="lecun", mixes_rows=True),
}
"""name -> architecture."""

__all__ = [
    "ACTIVATIONS",
    "INITS",
    "LOSSES",
    "MODELS",
    "Activation",
    "Architecture",
    "Batch",
    "Init",
    "Loss",
    "Model",
    "Shape",
    "Taps",
    "inspected",
    "objective",
]
