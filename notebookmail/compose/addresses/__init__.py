"""Whom a message is from, for and copied to.

To change how one mailbox is filled in from a row: mailbox_template.py. Lists of them, `split=`, functions of the
row that return several: address_lists.py.
"""
