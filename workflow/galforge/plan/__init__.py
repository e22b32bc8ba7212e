"""What a configuration asks for: stages (what each job reads, and which code it runs), comparisons, tables, figures.

Snakemake reads it at every start, in every job on a cluster, so it imports neither torch nor pandas. It imports the
configuration and what families, comparisons and papers say of themselves; only estimates and operations import it.
"""
