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
