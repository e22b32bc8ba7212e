"""What networks published in Keras need to begin and to train as they did there."""

from torch import nn

EPSILON = 1e-7
"""Of Keras's Adam; torch's is 1e-8."""


def initialise(module: nn.Module) -> None:
    """Draw weights of a layer as Keras does (Glorot & Bengio 2010, uniform), and set its biases to zero."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
