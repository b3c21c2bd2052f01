"""The only package that knows nbgrader: its configuration, its commands, its gradebook.

nbgrader is slow to import, so each module of this package is imported where it is used.
"""
