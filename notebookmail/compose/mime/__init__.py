"""Messages as octets: header lines, bodies, parts, signatures.

Knows no templates; imports `mail`, `privacy` and errors only. To change how subject, From and To are written:
headers.py (the folding itself: mail/header_folding.py). Message-ID lists, List-Unsubscribe and other structured
fields: structured_headers.py. Transfer encodings: transfer_encoding.py, quoted_printable.py; bodies of nothing but
text and values, from what was encoded once: plain_body.py. How parts nest: multipart.py. Names of attached files:
content_disposition.py. Signatures: dkim.py.
"""
