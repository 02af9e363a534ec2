"""Values written for readers: numbers, money and dates in a locale.

Knows `rows` (what is missing) and no templates; `jinja`, `tables` and `calendar` import it. To add a filter for
all templates: filters.py. Counts, money, shares: numbers.py. Dates and times: dates.py. Which locales there are,
by Babel, never the machine's: locales.py. Filters that show objects (table, image): jinja/printing.py.
"""
