"""What a bulletin is: its values, rules, exact bytes, words on the screen, short code, and how CAP is read.

Pure: no waiting, no network, no database, no chat platform.
"""
