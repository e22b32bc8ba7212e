"""Azimuthally averaged amplitude spectra of stamps."""
