"""The baselines of sparse images of Gantastic 4 (2020): diamonds with independent properties."""
