"""Figures and pictures a letter shows."""
