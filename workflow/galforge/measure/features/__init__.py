"""Features of stamps in an image network (EfficientNet-Lite0 or the Inception of published FIDs) as RGB images."""
