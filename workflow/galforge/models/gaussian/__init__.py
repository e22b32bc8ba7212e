"""A Gaussian: mean, principal components and white noise; fitted and not trained."""
