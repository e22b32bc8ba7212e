"""Do generated sparse images look real to scorers trained on human scores? (Gantastic 4, 2020)

Scorers: `features`, `folds`, `validation`, `trees`, `images`, `networks`. Generators: `drawing`, `diversity`,
`experiments`. Results: `summary`. `chosen` gives a job the settings of its spec only.
"""
