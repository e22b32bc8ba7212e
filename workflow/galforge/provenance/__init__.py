"""Where an artefact comes from: digests of code, records of jobs, listings of folders.

It is in no digest of code itself, except the listing of folders. It imports the root of the package alone.
"""
