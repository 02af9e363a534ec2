"""Where mail goes, in an analyst's words: a host, a login, limits.

Says it in the terms of `smtp` and of delivery's rates; `campaign`, `review` and `sandbox` import it. To change
what `Server(...)` takes or promises: server.py. Where its password comes from: sign_in.py. What `verify()` gives
back: diagnosis.py, and what it looks at: the room `verify`. Presets stand in mail/providers.py, for
the step-by-step look at a server reads them too.
"""
