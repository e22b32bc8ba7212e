rule calibrate_noise:
    input:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        noise=f"{RESULTS}/measurements/{{dataset}}/noise-{{measure}}.json",
        record=f"{RESULTS}/measurements/{{dataset}}/noise-{{measure}}.record.json",
    log:
        f"{RESULTS}/logs/calibrate_noise/{{dataset}}/{{measure}}.log",
    cache: DRIVER.shares()
    threads: 1
    resources:
        mem_mb=memory("calibrate_noise"),
        runtime=minutes("calibrate_noise"),
    params:
        spec=spec("calibrate_noise"),
        code=code("calibrate_noise"),
    script:
        "../scripts/calibrate_noise.py"


# What is measured on the source is shared between working directories (--cache). Wildcards are not in Snakemake's key
# of a shared file, so the part of the stamps is a parameter; who is measured is the source and nobody else.
for kind in PARTED:

    rule:
        name:
            f"{kind.rule}_chunk"
        input:
            unpack(measuring_input(kind, part=True)),
        output:
            **parts_of_variants(kind),
        log:
            **of_variants(kind, "logs/measure", ".log", part=True),
        wildcard_constraints:
            dataset="|".join(kind.datasets),
            who=kind.who,
        cache: DRIVER.shares() and not kind.generated
        threads: measuring_threads(kind)
        resources:
            **measuring_gpu(kind),
            mem_mb=memory(f"{kind.rule}_chunk"),
            runtime=minutes(f"{kind.rule}_chunk"),
        params:
            spec=spec(f"{kind.rule}_chunk"),
            code=code(f"{kind.rule}_chunk"),
            part="{part} of {parts}",
        script:
            "../scripts/measure.py"


for kind in [kind for kind in MEASURINGS if not kind.generated]:

    rule:
        name:
            kind.rule
        input:
            unpack(measuring_input(kind)),
        output:
            **of_variants(kind, "measurements", ".parquet"),
            record=measuring_record(kind),
        log:
            **of_variants(kind, "logs/measure", ".log"),
        wildcard_constraints:
            dataset="|".join(kind.datasets),
            who=kind.who,
        cache: DRIVER.shares()
        threads: measuring_threads(kind)
        resources:
            **measuring_gpu(kind),
            mem_mb=memory(kind.rule),
            runtime=minutes(kind.rule),
        params:
            spec=spec(kind.rule),
            code=code(kind.rule),
        script:
            "../scripts/measure.py"


# Those of models have a benchmark, which Snakemake could not fill with what another working directory made.
for kind in [kind for kind in MEASURINGS if kind.generated]:

    rule:
        name:
            kind.rule
        input:
            unpack(measuring_input(kind)),
        output:
            **of_variants(kind, "measurements", ".parquet"),
            record=measuring_record(kind),
        log:
            **of_variants(kind, "logs/measure", ".log"),
        benchmark:
            f"{RESULTS}/benchmarks/measure/{{dataset}}/{{who}}/{kind.measures[0]}.tsv"
        wildcard_constraints:
            dataset="|".join(kind.datasets),
            who=kind.who,
        threads: measuring_threads(kind)
        resources:
            **measuring_gpu(kind),
            mem_mb=memory(kind.rule),
            runtime=minutes(kind.rule),
        params:
            spec=spec(kind.rule),
            code=code(kind.rule),
        script:
            "../scripts/measure.py"
