"""Studies: experiments that train something on top of source and generated stamps, one folder each.

May import galforge.measure, galforge.compare, galforge.models, galforge.training, galforge.sampling and what these
import; nothing else of the package imports studies, except for their settings and the scripts that run them.
"""
