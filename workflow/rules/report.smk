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


rule figure_contours:
    input:
        measurements=corrected_of("morphology"),
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/contours-{{dataset}}.png",
            caption="../report/contours.rst",
            category="Figures",
            labels={"figure": "contours", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/contours-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/contours-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_contours/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_contours/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_contours"),
        code=code("figure_contours"),
    script:
        "../scripts/figure_contours.py"


rule figure_planes:
    input:
        morphology=corrected_of("morphology"),
        photometry=corrected_of("photometry"),
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/planes-{{dataset}}.png",
            caption="../report/planes.rst",
            category="Figures",
            labels={"figure": "planes", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/planes-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/planes-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_planes/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_planes/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_planes"),
        code=code("figure_planes"),
    script:
        "../scripts/figure_planes.py"


rule figure_colours:
    input:
        morphology=corrected_of("morphology"),
        photometry=corrected_of("photometry"),
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/colours-{{dataset}}.png",
            caption="../report/colours.rst",
            category="Figures",
            labels={"figure": "colours", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/colours-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/colours-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_colours/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_colours/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_colours"),
        code=code("figure_colours"),
    script:
        "../scripts/figure_colours.py"


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


rule figure_interpolations:
    input:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
        latents=latents_of,
    output:
        png=report(
            f"{RESULTS}/figures/holzschuh2022/interpolations-{{dataset}}.png",
            caption="../report/interpolations.rst",
            category="Figures",
            labels={"figure": "interpolations", "data set": "{dataset}"},
        ),
        pdf=f"{RESULTS}/figures/holzschuh2022/interpolations-{{dataset}}.pdf",
        record=f"{RESULTS}/figures/holzschuh2022/interpolations-{{dataset}}.json",
    log:
        f"{RESULTS}/logs/figure_interpolations/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure_interpolations/{{dataset}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=20,
    params:
        spec=spec("figure_interpolations"),
        code=code("figure_interpolations"),
    script:
        "../scripts/figure_interpolations.py"


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
