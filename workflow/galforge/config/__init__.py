"""The configuration: read, checked as a whole, and turned into one typed tree.

`parse` is the entrance. `tree` holds the types and the list of sections, `checks` and `denoising` the readers and the
checks across sections, `problems` collects what is wrong, `declared` reads what families declare of themselves, and
`files` writes config/config.yaml and its schema. May import the `settings` modules of all rooms, `download.wanted` and
the modules in the root of the package; nothing from `plan`, which imports this room.
"""
