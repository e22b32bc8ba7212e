"""The end-to-end GAN of sparse images of Gantastic 4 (2020)."""
