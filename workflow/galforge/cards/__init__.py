"""Cards: what a run measured, in one file that can be put beside those of others.

`card` makes one, `beside` compares some, and `python -m galforge.cards a.json b.json` prints them side by side. May
import what reports may: `galforge.papers`, `galforge.drawing.names` and the floors below.
"""
