rule figure_redshift_grid:
    input:
        stamps=first_stamps,
    output:
        png=report(
            f"{RESULTS}/figures/li2024/redshift_grid-{{dataset}}.png",
            caption="../report/redshift_grid.rst",
            category="Figures",
            labels={"figure": "galaxies by redshift", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/redshift_grid-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/li2024/redshift_grid-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_redshift_grid/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_redshift_grid/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_redshift_grid"),
        code=code("figure_redshift_grid"),
    script:
        "../scripts/figure_redshift_grid.py"


rule figure_properties:
    input:
        measurements=corrected_of("sources"),
    output:
        png=report(
            f"{RESULTS}/figures/li2024/properties-{{dataset}}.png",
            caption="../report/properties.rst",
            category="Figures",
            labels={"figure": "properties by redshift", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/properties-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/li2024/properties-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_properties/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_properties/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_properties"),
        code=code("figure_properties"),
    script:
        "../scripts/figure_properties.py"


rule figure_evolution:
    input:
        measurements=corrected_of("sources"),
    output:
        png=report(
            f"{RESULTS}/figures/li2024/evolution-{{dataset}}.png",
            caption="../report/evolution.rst",
            category="Figures",
            labels={"figure": "means against redshift", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/evolution-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/li2024/evolution-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_evolution/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_evolution/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_evolution"),
        code=code("figure_evolution"),
    script:
        "../scripts/figure_evolution.py"


rule figure_divergences:
    input:
        table=f"{RESULTS}/tables/li2024/table1.csv",
    output:
        png=report(
            f"{RESULTS}/figures/li2024/divergences-{{dataset}}.png",
            caption="../report/divergences.rst",
            category="Figures",
            labels={"figure": "divergence against redshift", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/divergences-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/li2024/divergences-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_divergences/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_divergences/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_divergences"),
        code=code("figure_divergences"),
    script:
        "../scripts/figure_divergences.py"


rule figure_redshifts:
    input:
        measurements=first_redshifts,
        table=f"{RESULTS}/tables/li2024/table1.csv",
    output:
        png=report(
            f"{RESULTS}/figures/li2024/redshifts-{{dataset}}.png",
            caption="../report/redshifts.rst",
            category="Figures",
            labels={"figure": "redshifts found", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/redshifts-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/li2024/redshifts-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_redshifts/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_redshifts/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_redshifts"),
        code=code("figure_redshifts"),
    script:
        "../scripts/figure_redshifts.py"


rule figure_losses:
    input:
        table=f"{RESULTS}/tables/li2024/table1.csv",
    output:
        png=report(
            f"{RESULTS}/figures/li2024/losses-{{dataset}}.png",
            caption="../report/losses.rst",
            category="Figures",
            labels={"figure": "losses against redshift", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/losses-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/li2024/losses-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_losses/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_losses/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_losses"),
        code=code("figure_losses"),
    script:
        "../scripts/figure_losses.py"


rule figure_blind:
    input:
        stamps=first_stamps,
    output:
        png=report(
            f"{RESULTS}/figures/li2024/blind-{{dataset}}.png",
            caption="../report/blind.rst",
            category="Figures",
            labels={"figure": "source or generated?", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/li2024/blind-{{dataset}}.pdf",
        key=f"{RESULTS}/figures/li2024/blind-{{dataset}}.csv",
        record=f"{RESULTS}/figures/li2024/blind-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_blind/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_blind/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_blind"),
        code=code("figure_blind"),
    script:
        "../scripts/figure_blind.py"
