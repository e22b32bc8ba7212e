"""Diffusion as in EDM (Karras et al. 2022): ``preconditioning``, and ``samplers`` of the probability flow."""
