"""Features and class probabilities of single bands in the networks of `features`."""
