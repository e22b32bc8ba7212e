"""What readers see of tables: their layout, captions, Markdown and LaTeX, what models cost, and the page.

It knows no paper by name. It imports papers and drawing; planning finds it by name.
"""
