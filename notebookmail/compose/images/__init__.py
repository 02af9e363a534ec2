"""Figures and pictures a letter shows.

Stands on `mime`; `jinja` and `attachments` import it. To show another library's figures: figures.py, the only
place that knows drawing libraries, and imports none of them. How a picture travels with the letter, under its
Content-ID, and is shared by all letters: inline_images.py. Pictures that are given by name:
compose/inline_values.py.
"""
