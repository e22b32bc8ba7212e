"""Holzschuh et al. (2022, MNRAS 515, 652), and what galforge shows of the same models besides."""
