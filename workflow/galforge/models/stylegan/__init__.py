"""StyleGAN2 (Karras et al. 2020a) with adaptive ``augmentation``, a style-based family."""
