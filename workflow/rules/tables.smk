rule table:
    input:
        distances=distances_for,
        published="config/published/holzschuh2022.csv",
    output:
        csv=report(
            f"{RESULTS}/tables/holzschuh2022/{{table}}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        md=f"{RESULTS}/tables/holzschuh2022/{{table}}.md",
        tex=f"{RESULTS}/tables/holzschuh2022/{{table}}.tex",
        record=f"{RESULTS}/tables/holzschuh2022/{{table}}.json",
    log:
        f"{RESULTS}/logs/table/{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/table/{{table}}.tsv"
    wildcard_constraints:
        table="|".join(("headline", *TABLES)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        spec=spec("table"),
        code=code("table"),
    script:
        "../scripts/table.py"


rule table_cost:
    input:
        segments=all_costs,
        weights=all_weights,
    output:
        csv=report(
            f"{RESULTS}/tables/holzschuh2022/cost.csv",
            caption="../report/cost.rst",
            category="Tables",
            labels={"table": "cost"},
        ),
        md=f"{RESULTS}/tables/holzschuh2022/cost.md",
        tex=f"{RESULTS}/tables/holzschuh2022/cost.tex",
        record=f"{RESULTS}/tables/holzschuh2022/cost.json",
    log:
        f"{RESULTS}/logs/table/cost.log",
    benchmark:
        f"{RESULTS}/benchmarks/table/cost.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        spec=spec("table_cost"),
        code=code("table_cost"),
    script:
        "../scripts/table_cost.py"
