rule calibrate_noise:
    input:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        noise=f"{RESULTS}/measurements/{{dataset}}/noise-{{measure}}.json",
        record=f"{RESULTS}/measurements/{{dataset}}/noise-{{measure}}.record.json",
    log:
        f"{RESULTS}/logs/calibrate_noise/{{dataset}}/{{measure}}.log",
    cache: DRIVER.shares()
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=120,
    params:
        spec=spec("calibrate_noise"),
        code=code("calibrate_noise"),
    script:
        "../scripts/calibrate_noise.py"


# What is measured on the source is shared between working directories (--cache). Wildcards are not in Snakemake's key
# of a shared file, so the part of the stamps is a parameter; who is measured is the source and nobody else.
rule measure_source_chunk:
    input:
        stamps=stamps_of,
        noise=noise_of,
    output:
        measurements=temp(f"{RESULTS}/measurements/{{dataset}}/{{who}}/{{measure}}/part{{part}}of{{parts}}.parquet"),
    log:
        f"{RESULTS}/logs/measure/{{dataset}}/{{who}}/{{measure}}/part{{part}}of{{parts}}.log",
    wildcard_constraints:
        who=SOURCE,
        measure=PLAIN,
    cache: DRIVER.shares()
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=180,
    params:
        spec=spec("measure"),
        code=code("measure"),
        part="{part} of {parts}",
    script:
        "../scripts/measure.py"


use rule measure_source_chunk as measure_chunk with:
    wildcard_constraints:
        who=GENERATED,
        measure=PLAIN,
    cache: False


rule measure_source:
    input:
        # The stamps stand here too: the chunks are gone when a later run compares.
        stamps=stamps_of,
        noise=noise_of,
        chunks=measure_chunks,
    output:
        measurements=f"{RESULTS}/measurements/{{dataset}}/{{who}}/{{measure}}.parquet",
        record=f"{RESULTS}/measurements/{{dataset}}/{{who}}/{{measure}}.json",
    log:
        f"{RESULTS}/logs/measure/{{dataset}}/{{who}}/{{measure}}.log",
    wildcard_constraints:
        who=SOURCE,
        measure=PLAIN,
    cache: DRIVER.shares()
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=180,
    params:
        spec=spec("measure"),
        code=code("measure"),
    script:
        "../scripts/measure.py"


use rule measure_source as measure with:
    benchmark:
        f"{RESULTS}/benchmarks/measure/{{dataset}}/{{who}}/{{measure}}.tsv"
    wildcard_constraints:
        who=GENERATED,
        measure=PLAIN,
    cache: False


# Features come from a network. The source's stamps set the scale of everybody's images.
use rule measure_source_chunk as features_source_chunk with:
    input:
        stamps=stamps_of,
        scale=scale_of,
        weights=network_of,
    wildcard_constraints:
        who=SOURCE,
        measure=FEATURES,
    conda:
        "../../envs/measure.yaml"
    threads: feature_threads


use rule features_source_chunk as features_chunk with:
    wildcard_constraints:
        who=GENERATED,
        measure=FEATURES,
    cache: False


use rule measure_source as features_source with:
    input:
        stamps=stamps_of,
        scale=scale_of,
        weights=network_of,
        chunks=measure_chunks,
    wildcard_constraints:
        who=SOURCE,
        measure=FEATURES,
    conda:
        "../../envs/measure.yaml"
    threads: feature_threads


use rule features_source as features with:
    benchmark:
        f"{RESULTS}/benchmarks/measure/{{dataset}}/{{who}}/{{measure}}.tsv"
    wildcard_constraints:
        who=GENERATED,
        measure=FEATURES,
    cache: False
