"""The errors galforge expects: shown to the user as one message, without a traceback."""

IN_DIGEST = False
"""A message is no number."""


class GalforgeError(Exception):
    """Something the user can mend; the message names the file, row or key, what was found, and the remedy."""
