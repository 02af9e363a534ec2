"""What a person needs to know when mail does not go: one session with a server, looked at step by step.

The same connection, TLS and login as a merge's, so what is found here is what a merge would meet. It stops before
the first message: nothing is ever sent. Knows no widgets; what it finds are facts and plain words.
"""
