"""Papers as folders: what a table and a figure are, and one folder per paper that is reproduced.

A folder holds ``paper.py`` (reference, tables, sections of the page), the tables' own functions, and ``figures/``, one
module per figure. Papers are found by the names of their folders; no code outside a folder names its paper. It imports
drawing and comparisons; the report and planning import it.
"""
