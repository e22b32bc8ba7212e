"""Features of stamps in an image network as RGB images.

EfficientNet-Lite0 and the Inception of published FIDs are here, Zoobot and DINOv2 in `encoders`.
"""
