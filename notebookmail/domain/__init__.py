"""Whether receivers will believe mail of a sender's domain: what it says in DNS, and what that means for a server.

Asks DNS by dnspython (extra `dns`), in bounded time, and never fails a send. `verify` shows it as a step,
`campaign` before a large mailing. Questions and answers: records.py. Who may send for a domain: spf.py (RFC 7208).
What receivers are asked to do with what does not pass: dmarc.py (RFC 9989). Keys of signatures: dkim_keys.py (RFC
6376). All of it together: health.py. What Gmail and Outlook.com ask of large senders: bulk_rules.py.
"""
