"""What nobody is to see: secrets, and people's names in what is saved.

To change how a password hides from reprs, logs and tracebacks: secret.py. How addresses and labels are masked in
saved outputs and error texts: masking.py (what errors carry: view/words/masked_errors.py). Imports no other room.
"""
