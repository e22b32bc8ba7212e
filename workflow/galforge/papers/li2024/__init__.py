"""Li et al. (2024, arXiv:2407.07229): galaxies made for a redshift."""
