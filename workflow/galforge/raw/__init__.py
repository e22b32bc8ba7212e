"""Images as people have them: finding files, reading every format, what headers say, and the list of what was refused.

Knows neither settings nor stamps; ``images.opened`` is the door for all formats. Imports the root of the package alone.
"""
