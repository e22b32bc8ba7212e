"""Which of the averaged weights that the segments of a training leave is sampled.

``score`` draws images from the weights of one segment and takes their distance from the validation split; ``choose``
picks the best of them; ``distances`` says which measures can tell; ``settings`` is what a user can choose.

Imports ``galforge.sampling``, ``galforge.measure``, ``galforge.compare``, ``galforge.training`` and what is below them.
"""
