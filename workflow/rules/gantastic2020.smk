rule figure_score_features:
    input:
        features=f"{RESULTS}/measurements/{{dataset}}/scored/realism.parquet",
        predictions=best_predictions,
    output:
        png=report(
            f"{RESULTS}/figures/gantastic2020/score_features-{{dataset}}.png",
            caption="../report/score_features.rst",
            category="Figures",
            labels={"figure": "features and scores", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/gantastic2020/score_features-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/gantastic2020/score_features-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_score_features/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_score_features/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=20,
    params:
        spec=spec("figure_score_features"),
        code=code("figure_score_features"),
    script:
        "../scripts/figure_score_features.py"


rule figure_sparse_galaxies:
    input:
        parts=f"{RESULTS}/stamps/{{dataset}}.parts.h5",
        galaxies=first_galaxies,
    output:
        png=report(
            f"{RESULTS}/figures/gantastic2020/sparse_galaxies-{{dataset}}.png",
            caption="../report/sparse_galaxies.rst",
            category="Figures",
            labels={"figure": "galaxies", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/gantastic2020/sparse_galaxies-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/gantastic2020/sparse_galaxies-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_sparse_galaxies/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_sparse_galaxies/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=20,
    params:
        spec=spec("figure_sparse_galaxies"),
        code=code("figure_sparse_galaxies"),
    script:
        "../scripts/figure_sparse_galaxies.py"


rule figure_sparse_images:
    input:
        stamps=first_stamps,
    output:
        png=report(
            f"{RESULTS}/figures/gantastic2020/sparse_images-{{dataset}}.png",
            caption="../report/sparse_images.rst",
            category="Figures",
            labels={"figure": "images", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/gantastic2020/sparse_images-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/gantastic2020/sparse_images-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_sparse_images/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_sparse_images/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=20,
    params:
        spec=spec("figure_sparse_images"),
        code=code("figure_sparse_images"),
    script:
        "../scripts/figure_sparse_images.py"
