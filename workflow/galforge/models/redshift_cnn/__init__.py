"""The redshift network used by Li et al. 2024: a predictor, which trains like a family and draws no images."""
