"""What all rooms share about mail: addresses, messages on their way, header lines.

Imports errors, response and privacy only. To change which addresses are valid: address.py (RFC 5321, 5322,
6531). What travels from the letter to the server: message.py. How a header line is folded and encoded:
header_folding.py (RFC 5322, RFC 2047), for letters and for the client. What mail providers allow: providers.py.
"""
