rule fold_stamps:
    input:
        whole=f"{RESULTS}/stamps/{{dataset}}.whole.h5",
    output:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
        record=f"{RESULTS}/stamps/{{dataset}}.folds.json",
    log:
        f"{RESULTS}/logs/fold_stamps/{{dataset}}.log",
    wildcard_constraints:
        dataset=DRIVER.folded(),
    cache: DRIVER.shares()
    threads: 1
    resources:
        mem_mb=memory("fold_stamps"),
        runtime=minutes("fold_stamps"),
    params:
        spec=spec("fold_stamps"),
        code=code("fold_stamps"),
    script:
        "../scripts/fold_stamps.py"


rule download:
    output:
        raw=f"{RAW}/{{file}}",
        record=f"{RAW}/{{file}}.json",
    log:
        f"{RAW}/{{file}}.log",
    localrule: True
    resources:
        mem_mb=memory("download"),
        runtime=minutes("download"),
    params:
        spec=spec("download"),
        code=code("download"),
    script:
        "../scripts/download.py"


# Named after what is made besides; that of a mock makes the raw file first.
for name in stamps_rules(subsets=False):

    rule:
        name:
            name
        input:
            raw=raw_of,
        output:
            **stamps_files(name),
            rejected=f"{RESULTS}/stamps/{{dataset}}.rejected.csv",
            record=f"{RESULTS}/stamps/{{dataset}}.json",
        log:
            f"{RESULTS}/logs/stamps/{{dataset}}.log",
        wildcard_constraints:
            dataset=DRIVER.datasets(name),
        cache: DRIVER.shares()
        threads: 1
        resources:
            mem_mb=memory("stamps"),
            runtime=minutes("stamps"),
        params:
            spec=spec(name),
            code=code(name),
            listing=listing_of,
        script:
            "../scripts/stamps.py"


# Data sets that are others with fewer galaxies to train on.
for name in stamps_rules(subsets=True):

    rule:
        name:
            name
        input:
            **whole_stamps(name),
        output:
            **stamps_files(name),
            record=f"{RESULTS}/stamps/{{dataset}}.json",
        log:
            f"{RESULTS}/logs/stamps/{{dataset}}.log",
        wildcard_constraints:
            dataset=DRIVER.datasets(name),
        cache: DRIVER.shares()
        threads: 1
        resources:
            mem_mb=memory("subset"),
            runtime=minutes("subset"),
        params:
            spec=spec(name),
            code=code(name),
        script:
            "../scripts/subset.py"
