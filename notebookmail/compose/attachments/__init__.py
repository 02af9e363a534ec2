"""Files a letter takes with it: what they are, where they may lie, how they are named."""
