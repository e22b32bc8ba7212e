"""What every figure uses: looks, labels, names, panels of galaxies, stretches, densities, bins of redshift.

It draws what it is given and knows no paper. It imports stamps and comparisons; figures of papers import it.
"""
