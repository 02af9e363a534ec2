"""Values written for readers: numbers, money and dates in a locale."""
