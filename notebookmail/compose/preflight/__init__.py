"""Finished messages looked at before they go out: what a careful person would find in them."""
