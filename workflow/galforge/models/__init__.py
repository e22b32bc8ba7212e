"""Model families, one folder each, and what they share.

``protocol`` says what a family offers and what it is given; start there, or with ``docs/adding-a-model.md``. Families
are found by the name of their folder (``galforge.families``). None imports another one, except ``cvae``, which shares
the observation of ``vae``.

All families share ``settings``, ``normalisation``, ``conditions``, ``device``, ``weights`` and ``about``, which reads
the description of weights without torch. Some share ``style_family``, ``style_networks``, ``style_layers`` and
``patches`` (style-based generators), ``gaussian_fit``, ``principal`` and ``turns`` (a Gaussian of the images),
``unet`` (diffusion), ``adversarial`` and ``levels`` (sparse images), or ``keras``.

Imports ``galforge.stamps`` and the modules at the root of the package. Training, sampling and measures import this
package; it imports none of them.
"""
