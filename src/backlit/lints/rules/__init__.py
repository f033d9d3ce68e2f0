"""The rules, one file each, named after the rule; `lints.table` lists them.

A rule is read from a program (`check`), told while one runs (`told`), or both.
"""
