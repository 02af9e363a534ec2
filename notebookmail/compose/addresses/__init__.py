"""Whom a message is from, for and copied to.

Stands on `jinja` and row_functions.py; the renderer and what it is made of import it. To change how one mailbox
is filled in from a row: mailbox_template.py. Lists of them, `split=`, functions of the row that return several:
address_lists.py. What a valid address is: notebookmail.address. All recipients of a frame at once:
compose/recipients.py.
"""
