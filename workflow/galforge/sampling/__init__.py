"""Drawing from trained models: samples, the conditions they are drawn for, walks and reconstructions.

Imports ``models``, ``stamps`` and what lies at the root of the package.
"""
