"""Features in networks of the library `transformers`: Zoobot's ConvNeXt-Nano and DINOv2.

It is the family `features` with other networks, and apart from it so that no digest of the others' jobs holds this
code. `settings` says when it is used (`taken_by`).
"""
