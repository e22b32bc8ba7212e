"""Downloads: which files the settings ask for, API keys, and fetching with resumption and checksums.

Imports only what lies at the root of the package (``atomic``, ``errors``, ``logs``).
"""
