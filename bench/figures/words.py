"""Columns in plain words, for axes, legends and descriptions."""

WORDS = {
    "train_loss": "training loss",
    "final_train_loss": "training loss at the end",
    "best_train_loss": "least training loss",
    "final_test_loss": "test loss at the end",
    "final_test_accuracy": "test accuracy at the end",
    "final_train_accuracy": "training accuracy at the end",
    "gradient_norm": "norm of the gradient",
    "delta_norm": "norm of δ = ∂loss/∂z",
    "weight_gradient_norm": "norm of ∂loss/∂W",
    "activation_mean_square": "mean square of the activations",
    "preactivation_mean_square": "mean square of the pre-activations",
    "dead_fraction": "share of dead units",
    "saturated_fraction": "share of saturated units",
    "update_ratio": "norm of the update / norm of W",
    "weight_norm": "norm of W",
    "sharpness": "sharpness (largest eigenvalue of the Hessian)",
    "ewma_loss": "averaged batch loss",
    "l2": "penalty λ",
    "init": "initialisation",
    "init.gain": "gain of the initial weights",
    "flops": "floating-point operations",
    "depth": "hidden layers",
    "width": "units per layer",
    "batch_size": "rows per batch",
    "data": "data set",
    "stop_step": "steps until the rule holds",
    "steps_taken": "steps taken",
}


def words(column: str) -> str:
    """A column in plain words: of the list above, or its name without signs."""
    return WORDS.get(column, column.replace("data.", "").replace("_", " ").replace(".", " "))
