"""Grain of colours: scatter of pixel colours inside galaxies beyond their noise."""
