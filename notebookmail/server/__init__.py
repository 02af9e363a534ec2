"""Where mail goes, in an analyst's words: a host, a login, limits.

Says it in the terms of `smtp` and of delivery's rates; `campaign`, `review` and `sandbox` import it. To change
what `Server(...)` takes or promises: server.py. How "host:587" and URLs are read: server_text.py. What a preset
makes of a server, and what is said of a login before it is tried: presets.py; the presets themselves stand in the
room `mail`, for the step-by-step look at a server reads them too. How an address's server is found: discovery.py,
and what DNS is asked: mail_records.py. Servers by name: profiles.py, and their file: servers_file.py. Who is asked
for a user name: questions.py. Who logs in, and by what: account.py. Where a password comes from: passwords.py.
Signing in by OAuth: sign_in.py, for another provider oauth.py; how its tokens stay fresh: tokens.py. What is asked
of the keyring: stored_secrets.py. What `verify()` gives back: diagnosis.py; what it looks at: the room `verify`.
"""
