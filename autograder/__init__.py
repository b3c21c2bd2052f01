"""Assignments: from a text notebook to a graded class, with nbgrader underneath."""
