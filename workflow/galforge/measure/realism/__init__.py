"""Features of sparse 8-bit images on which galforge.studies.realism trains its scorers."""
