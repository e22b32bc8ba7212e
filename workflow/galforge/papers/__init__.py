"""What papers print and show: what a table is, how values are read, and one folder per paper, found by its name.

A paper's folder has a module ``paper`` with its tables and sections, and a folder ``figures``. Planning imports
``paper``, so that needs neither torch nor pandas and names functions that do as text. Nothing here imports ``plan`` or
``report``.
"""
