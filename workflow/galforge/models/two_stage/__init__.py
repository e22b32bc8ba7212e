"""The two-stage GAN of sparse images of Gantastic 4 (2020): positions, galaxies, and ``placing`` of these at those."""
