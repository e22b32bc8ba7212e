"""Fluxes, surface brightness and sky of stamps, straight from the pixels."""
