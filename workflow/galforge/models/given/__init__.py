"""Images that somebody generated elsewhere: they are read and compared, and nothing is trained."""
