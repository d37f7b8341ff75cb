"""The practice Bytebase: the part of a Bytebase server's API that the product uses, with real SQL behind it.

Its answers are those of a server of the 3.22 line, as recorded in tests/practice_bytebase/recordings.
"""
