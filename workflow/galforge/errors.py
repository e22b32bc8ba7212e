"""Errors that galforge expects; the user sees the message without a traceback."""

IN_DIGEST = False
"""A message is no number."""


class GalforgeError(Exception):
    """A problem that the user can solve; the message names the file, row or key, what was found, and the remedy."""
