rule download:
    output:
        raw=f"{RAW}/{{file}}",
        record=f"{RAW}/{{file}}.json",
    log:
        f"{RAW}/{{file}}.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=1440,
    params:
        spec=spec("download"),
        code=code("download"),
    script:
        "../scripts/download.py"


rule raw_mock:
    output:
        raw=f"{RESULTS}/raw/{{dataset}}.tar",
        record=f"{RESULTS}/raw/{{dataset}}.json",
    log:
        f"{RESULTS}/logs/raw_mock/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/raw_mock/{{dataset}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=240,
    params:
        spec=spec("raw_mock"),
        code=code("raw_mock"),
    script:
        "../scripts/raw_mock.py"


rule stamps:
    input:
        raw=raw_of,
    output:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
        rejected=f"{RESULTS}/stamps/{{dataset}}.rejected.csv",
        record=f"{RESULTS}/stamps/{{dataset}}.json",
    log:
        f"{RESULTS}/logs/stamps/{{dataset}}.log",
    wildcard_constraints:
        dataset=DRIVER.datasets("plain"),
    cache: DRIVER.shares()
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=240,
    params:
        spec=spec("stamps"),
        code=code("stamps"),
        listing=listing_of,
    script:
        "../scripts/stamps.py"


# Data sets whose galaxies differ in size keep them as they are, too: that shows what one size for all costs.
use rule stamps as stamps_native with:
    output:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
        native=f"{RESULTS}/stamps/{{dataset}}.native.h5",
        rejected=f"{RESULTS}/stamps/{{dataset}}.rejected.csv",
        record=f"{RESULTS}/stamps/{{dataset}}.json",
    wildcard_constraints:
        dataset=DRIVER.datasets("native"),


# Sparse images: those with scores, for networks that score, and what of images generators are trained on.
use rule stamps as stamps_scored with:
    output:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
        scored=f"{RESULTS}/stamps/{{dataset}}.scored.h5",
        parts=f"{RESULTS}/stamps/{{dataset}}.parts.h5",
        thumbnails=f"{RESULTS}/stamps/{{dataset}}.thumbnails.h5",
        rejected=f"{RESULTS}/stamps/{{dataset}}.rejected.csv",
        record=f"{RESULTS}/stamps/{{dataset}}.json",
    wildcard_constraints:
        dataset=DRIVER.datasets("scored"),
