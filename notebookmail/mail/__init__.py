"""What all rooms share about mail: messages on their way, header lines, providers.

Imports errors, response and privacy only. To change what travels from the letter to the server: message.py. How a
header line is folded and encoded: header_folding.py (RFC 5322, RFC 2047), for letters and for the client. What
mail providers allow: mailbox_providers.py and sending_services.py, and which of them is meant: providers.py. Which
addresses are valid stands beside this room, in notebookmail.address.
"""
