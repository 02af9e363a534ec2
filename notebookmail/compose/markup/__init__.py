"""HTML, CSS and Markdown with Jinja in them, and the text that says the same.

Knows documents, not rows or templates; imports no other room. Jinja tags masked: jinja_tags.py. Markdown:
markdown_to_html.py, its statements: markdown_lines.py, markdown_loops.py, markdown_statements.py. HTML read:
html_tokens.py, html_events.py, html_elements.py; the document around a letter: html_document.py; where a value
may stand: html_value_guards.py, link_schemes.py, line_breaks.py. Style sheets: css_style_sheet.py,
css_selectors.py, css_cascade.py, css_values.py, written into elements by css_inlining.py. The text version:
html_to_text.py, what of the letter is seen: html_visibility.py, its layout once values are in: text_layout.py.
"""
