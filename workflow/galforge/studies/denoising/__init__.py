"""Does training on generated galaxies improve a denoiser? The sweep over the share alpha (Holzschuh et al. 2022).

Training: `galaxies`, `degrade`, `batches`, `network`, `training`, `weights`. Evaluation on test galaxies: `trials`,
`evaluation` with the methods `apply` (networks) and `methods` and `references` (classical), `metrics`. Results:
`sweep`, `errors`, `structure`, `summary`.
"""
