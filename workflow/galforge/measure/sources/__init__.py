"""SExtractor's quantities of the central galaxy (`extraction`), its Sersic index (`profile`), and each band's sky."""
