rule table_li2024:
    input:
        distances=distances_for,
        published="config/published/li2024.csv",
    output:
        csv=report(
            f"{RESULTS}/tables/li2024/{{table}}.csv",
            caption="../report/table_li2024.rst",
            category="Tables",
            labels={"table": "Li et al. 2024, {table}"},
        ),
        md=f"{RESULTS}/tables/li2024/{{table}}.md",
        tex=f"{RESULTS}/tables/li2024/{{table}}.tex",
        record=f"{RESULTS}/tables/li2024/{{table}}.json",
    log:
        f"{RESULTS}/logs/table_li2024/{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/table_li2024/{{table}}.tsv"
    wildcard_constraints:
        table="|".join(LI2024),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        spec=spec("table_li2024"),
        code=code("table_li2024"),
    script:
        "../scripts/table.py"
