"""What people do with a run: watch it, see where it stands, end what a killed driver left, free disk.

That is `progress`, `status`, `recover` and `prune`. Also what these read of Snakemake: what it says (`events`), the
files that rules write (`rules`) and the processes of a run (`processes`); what is changed in Snakemake itself
(`scheduler`); and what jobs need that run in an image (`image`). May import `plan`, `config`, `provenance` and the
modules in the root of the package. No job imports anything from here.
"""
