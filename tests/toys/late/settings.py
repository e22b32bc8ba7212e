"""The settings of the autoencoder, under another family's name."""

from galforge.models.vae.settings import LIBRARIES, ModelSettings, check_shape

__all__ = ["LIBRARIES", "ModelSettings", "check_shape"]
