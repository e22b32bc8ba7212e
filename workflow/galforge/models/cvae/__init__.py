"""The conditional variational autoencoder of Li et al. 2024; it shares the observation and the optimiser of ``vae``."""
