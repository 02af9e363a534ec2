"""Notebooks as letters: what a report shows, as mail programs can show it, and the report run for each row.

`compose.template` imports template_arguments.py, `jinja` and `checks` letter.py. One cell after the other:
conversion.py; its Markdown: text_cells.py; its outputs: outputs.py and widgets.py, and terminal_text.py for what
was printed; what of foreign HTML may stay: clean_html.py; pictures: pictures.py and formulas.py.
Which cells: cell_choices.py. A page that nbconvert or Quarto wrote: html_report.py. Run for each row: run.py,
executing.py, kernels.py, and results.py, so that equal parameters run once.
"""
