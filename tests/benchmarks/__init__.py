"""Measurements beside aiosmtplib: run a script for figures, with --help for what it can vary.

Machines are noisy and differ: only the ratios of one run count, and the counts that depend on no clock.
"""
