"""Stamps files: writing, reading and merging them, galaxies at their own size, and the exports to FITS and npz.

Imports only what lies at the root of the package (``atomic``, ``errors``, ``logs``, ``seeds``) and libraries.
"""
