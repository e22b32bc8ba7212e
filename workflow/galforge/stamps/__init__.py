"""Stamps files: writing, reading and merging them, galaxies at their own size, and the export to FITS.

Imports only what lies at the root of the package (``atomic``, ``errors``, ``logs``, ``seeds``) and libraries.
"""
