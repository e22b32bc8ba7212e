rule table_gantastic2020:
    input:
        distances=summaries_for,
        published="config/published/gantastic2020.csv",
    output:
        csv=report(
            f"{RESULTS}/tables/gantastic2020/{{table}}.csv",
            caption="../report/table_gantastic2020.rst",
            category="Tables",
            labels={"table": "Gantastic 4, {table}"},
        ),
        md=f"{RESULTS}/tables/gantastic2020/{{table}}.md",
        tex=f"{RESULTS}/tables/gantastic2020/{{table}}.tex",
        record=f"{RESULTS}/tables/gantastic2020/{{table}}.json",
    log:
        f"{RESULTS}/logs/table_gantastic2020/{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/table_gantastic2020/{{table}}.tsv"
    wildcard_constraints:
        table="|".join(GANTASTIC.values()),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        spec=spec("table_gantastic2020"),
        code=code("table_gantastic2020"),
    script:
        "../scripts/table_gantastic2020.py"


rule table_all:
    input:
        distances=all_distances,
        published=[f"config/published/{name}.csv" for name in ("holzschuh2022", "li2024", "gantastic2020")],
    output:
        csv=report(
            f"{RESULTS}/tables/all.csv",
            caption="../report/table_all.rst",
            category="Tables",
            labels={"table": "every generator"},
        ),
        md=f"{RESULTS}/tables/all.md",
        tex=f"{RESULTS}/tables/all.tex",
        record=f"{RESULTS}/tables/all.json",
    log:
        f"{RESULTS}/logs/table_all.log",
    benchmark:
        f"{RESULTS}/benchmarks/table_all.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        spec=spec("table_all"),
        code=code("table_all"),
    script:
        "../scripts/table_all.py"


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
