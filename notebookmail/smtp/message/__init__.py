"""From what a program gave (an EmailMessage, a text, bytes) to a message for the wire.

The public client alone imports it; letters are written by compose/mime. To change how header fields are written:
header_fields.py; display names: phrases.py; how address fields are read: address_fields.py; who it is from and
to: envelope.py; all of it together: mail_from_message.py.
"""
