"""How the curvature of the loss at the start grows with depth, from the linearised network."""


def curvature_growth(layers: int, weight_variance: float) -> float:
    """(L + 1) (sigma_w^2 / 2)^L: the largest eigenvalue of the Gauss-Newton matrix of a wide ReLU network goes like it.

    Each of the L + 1 weight matrices adds the same to J J^T, J the Jacobian of the outputs, as the square of the signal
    below it times that of the gradient above it is (sigma_w^2 / 2)^L for every layer (Jacot et al. 2018, theorem 1, for
    ReLU; He et al. 2015, eq. 10 and 14).

    Args:
        layers: L, hidden layers.
        weight_variance: sigma_w^2.
    """
    return (layers + 1) * (weight_variance / 2) ** layers
