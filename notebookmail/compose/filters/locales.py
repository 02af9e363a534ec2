"""Languages and countries a letter is written for: CLDR's, as Babel ships them, never the machine's own.

The process's locale is left alone and not asked: the same template says the same on every machine.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import TYPE_CHECKING

from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from babel import Locale


@lru_cache(maxsize=64)
def locale_of(identifier: str) -> Locale:
    """Return the locale of an identifier such as "en", "de_CH" or "pt-BR".

    Raises:
        TemplateError: Nobody knows it; the message has those that come close.
    """
    from babel import Locale, UnknownLocaleError

    if not isinstance(identifier, str):
        raise TemplateError(f'a locale is a text such as "en" or "de-CH", not {identifier!r:.60}', "locale")
    try:
        return Locale.parse(identifier.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as problem:
        raise TemplateError(f"there is no locale {identifier!r:.60}{_hint(identifier)}", "locale") from problem


def _hint(identifier: str) -> str:
    """Name the identifiers that come close, and those of a language called so in English."""
    from babel import Locale
    from babel.localedata import locale_identifiers

    known = {name.casefold(): name for name in locale_identifiers()}
    known |= {name.casefold(): code for code, name in Locale("en").languages.items() if code in known}
    wanted = identifier.replace("-", "_").casefold()
    close = difflib.get_close_matches(wanted, known, n=3)
    close = [wanted.partition("_")[0], *close] if wanted.partition("_")[0] in known else close
    if not close:
        return '; give a language, or a language and a country, as in "en", "en-GB" or "de-CH"'
    return f"; did you mean {' or '.join(dict.fromkeys(repr(known[each]) for each in close))}?"
