"""Data sets: a package per family that builds stamps from raw images, and the modules that families share.

A family has ``settings.py`` and ``dataset.py`` (``build``), and ``mock.py`` (``write_raw``) where it has a mock; see
docs/adding-a-data-set.md. A family is found by its name and imports no other family, except that ``cosmos`` is a case
of ``cutouts``. All of them may import ``raw``, ``stamps`` and what lies at the root of the package.
"""
