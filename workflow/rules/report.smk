rule figure_stamps:
    input:
        stamps=all_stamps,
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/stamps-{{dataset}}.png",
            caption="../report/stamps.rst",
            category="Figures",
            labels={"figure": "stamps", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/stamps-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/stamps-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_stamps/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_stamps/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_stamps"),
        code=code("figure_stamps"),
    script:
        "../scripts/figure_stamps.py"


rule figure_distributions:
    input:
        measurements=corrected_of("morphology"),
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/distributions-{{dataset}}.png",
            caption="../report/distributions.rst",
            category="Figures",
            labels={"figure": "distributions", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/distributions-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/distributions-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_distributions/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_distributions/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_distributions"),
        code=code("figure_distributions"),
    script:
        "../scripts/figure_distributions.py"


rule figure_spectra:
    input:
        measurements=corrected_of("power_spectrum"),
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/spectra-{{dataset}}.png",
            caption="../report/spectra.rst",
            category="Figures",
            labels={"figure": "spectra", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/spectra-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/spectra-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_spectra/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_spectra/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_spectra"),
        code=code("figure_spectra"),
    script:
        "../scripts/figure_spectra.py"


rule figure_history:
    input:
        histories=histories,
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/history-{{dataset}}.png",
            caption="../report/history.rst",
            category="Figures",
            labels={"figure": "history", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/history-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/history-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_history/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_history/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_history"),
        code=code("figure_history"),
    script:
        "../scripts/figure_history.py"


rule page:
    input:
        tables=page_tables,
        figures=page_figures,
        stamps=page_stamps,
    output:
        page=report(f"{RESULTS}/report/index.html", caption="../report/page.rst", category="Page"),
        record=f"{RESULTS}/report/index.json",
    log:
        f"{RESULTS}/logs/page.log",
    benchmark:
        f"{RESULTS}/benchmarks/page.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        spec=spec("page"),
        code=code("page"),
        template=template_of,
    script:
        "../scripts/page.py"
