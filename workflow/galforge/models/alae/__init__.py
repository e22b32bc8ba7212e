"""StyleALAE, the adversarial latent autoencoder of Pidhorskyi et al. 2020, a style-based family."""
