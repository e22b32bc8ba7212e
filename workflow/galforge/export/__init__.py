"""What leaves galforge in the forms of other tools, where that needs more than stamps: measurements, or a whole run.

``real_galaxy`` writes catalogues for GalSim and ``model_card`` the card of a model's weights. FITS and npz need stamps
alone, so they are in ``galforge.stamps``.

Imports ``galforge.papers``, ``galforge.report``, ``galforge.measure``, ``galforge.training`` and what is below them.
"""
