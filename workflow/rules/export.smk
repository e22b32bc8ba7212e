# Asked for by name: generated or source galaxies, and weights, in the forms that other tools take.


rule export_fits:
    # For programs that read FITS.
    input:
        stamps=stamps_of,
    output:
        fits=f"{RESULTS}/fits/{{dataset}}/{{who}}.fits",
        record=f"{RESULTS}/fits/{{dataset}}/{{who}}.json",
    log:
        f"{RESULTS}/logs/export_fits/{{dataset}}/{{who}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_fits/{{dataset}}/{{who}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("export"),
        runtime=minutes("export"),
    params:
        spec=spec("export_fits"),
        code=code("export_fits"),
    script:
        "../scripts/export_fits.py"


rule export_npz:
    # For programs that read NumPy's arrays.
    input:
        stamps=stamps_of,
    output:
        npz=f"{RESULTS}/npz/{{dataset}}/{{who}}.npz",
        record=f"{RESULTS}/npz/{{dataset}}/{{who}}.json",
    log:
        f"{RESULTS}/logs/export_npz/{{dataset}}/{{who}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_npz/{{dataset}}/{{who}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("export"),
        runtime=minutes("export"),
    params:
        spec=spec("export_npz"),
        code=code("export_npz"),
    script:
        "../scripts/export_npz.py"


rule export_realgalaxy:
    # One band, for GalSim.
    input:
        stamps=stamps_of,
    output:
        catalogue=f"{RESULTS}/realgalaxy/{{dataset}}/{{who}}/{{band}}.fits",
        fits=f"{RESULTS}/realgalaxy/{{dataset}}/{{who}}/{{band}}_fits.fits",
        images=f"{RESULTS}/realgalaxy/{{dataset}}/{{who}}/{{band}}_images.fits",
        psf=f"{RESULTS}/realgalaxy/{{dataset}}/{{who}}/{{band}}_psf.fits",
        noise=f"{RESULTS}/realgalaxy/{{dataset}}/{{who}}/{{band}}_noise.fits",
        record=f"{RESULTS}/realgalaxy/{{dataset}}/{{who}}/{{band}}.json",
    log:
        f"{RESULTS}/logs/export_realgalaxy/{{dataset}}/{{who}}/{{band}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_realgalaxy/{{dataset}}/{{who}}/{{band}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("export"),
        runtime=minutes("export"),
    params:
        spec=spec("export_realgalaxy"),
        code=code("export_realgalaxy"),
    script:
        "../scripts/export_realgalaxy.py"


rule export_weights:
    # With a card as Hugging Face has it.
    input:
        unpack(told_of_weights),
        weights=weights_of,
        trained_on=trained_on,
    output:
        weights=f"{RESULTS}/weights/{{dataset}}/{{model}}-seed{{seed}}/model.safetensors",
        card=f"{RESULTS}/weights/{{dataset}}/{{model}}-seed{{seed}}/README.md",
        record=f"{RESULTS}/weights/{{dataset}}/{{model}}-seed{{seed}}/record.json",
    log:
        f"{RESULTS}/logs/export_weights/{{dataset}}/{{model}}-seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_weights/{{dataset}}/{{model}}-seed{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("export_weights"),
        runtime=minutes("export_weights"),
    params:
        spec=spec("export_weights"),
        code=code("export_weights"),
    script:
        "../scripts/export_weights.py"
