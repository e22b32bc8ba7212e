"""The autoencoder whose losses are not finite from 60 images seen on, in every process of a training."""
