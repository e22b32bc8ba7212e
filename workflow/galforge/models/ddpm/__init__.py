"""Denoising diffusion (Ho et al. 2020; Li et al. 2024): ``diffusion`` has the noise levels and samplers."""
