"""What people see. Views only read, through narrow protocols, so a run without a screen behaves the same.

A folder a face, a file a subject: words (what is said), html (saved pages), terminal, widgets (live, and the only
importer of ipywidgets). Words know no face, terminal and html know words, widgets know all three. Whether there is
a notebook, and whether anybody looks: frontend.py.
"""
