"""Frames, series and styled tables as tables of a letter."""
