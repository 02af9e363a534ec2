"""Template files: front matter, and what they take in from other files, before anything is compiled.

Stands on `jinja` and compose/files.py; template.py imports read and expand. A new key of front matter:
front_matter.py. `{% include %}` and `{% from %}`: includes.py; `{% extends %}`: extends.py; which macros come
along: macros.py. Braces of CSS that Jinja would take for a comment: literal_braces.py.
"""
