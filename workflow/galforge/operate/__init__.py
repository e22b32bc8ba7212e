"""What people do with a run: see where it stands (status), end what a killed driver left (recover), free disk (prune).

Also what these read of Snakemake: the files that rules write (rules) and the processes of a run (processes); the one
change that is made to Snakemake itself (scheduler); and what jobs need that run in an image (image). May
import `plan`, `config`, `provenance` and the modules in the root of the package. No job imports anything from here.
"""
