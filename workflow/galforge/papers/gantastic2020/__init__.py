"""Gantastic 4 (ETH Zurich, 2020): sparse images and how real they look."""
