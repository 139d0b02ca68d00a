"""Spelling: signs -> text.

Comes in: the signs that a recogniser has settled. Goes out: events, each with the text after it.
speller.py keeps the text, with its words, spaces and deletions; readings.py decides by the word
what a handshape means that letters and digits share.
"""
