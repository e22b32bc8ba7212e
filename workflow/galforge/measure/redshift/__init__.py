"""Redshifts of stamps by a network that was trained on real ones (a predictor of galforge.models)."""
