"""Courses that are graded, and what their gradebooks hold."""

import shutil

from sqlalchemy import create_engine, text

from autograder.grading.folders import CourseFolders

BOOK = """
SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade
FROM grade g JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook n ON n.id = g.notebook_id
JOIN submitted_assignment s ON s.id = n.assignment_id ORDER BY s.student_id, c.name
"""
COMMENTS = """
SELECT s.student_id, c.name, m.auto_comment, m.manual_comment
FROM comment m JOIN base_cell c ON c.id = m.cell_id JOIN submitted_notebook n
ON n.id = m.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id
ORDER BY s.student_id, c.name
"""


def rows(folders, query, url=None):
    """What the gradebook holds, without its arbitrary keys."""
    engine = create_engine(url or f"sqlite:///{folders.course}/gradebook.db")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def change(folders, statement):
    """Change what the gradebook holds, as a teacher does."""
    engine = create_engine(f"sqlite:///{folders.course}/gradebook.db")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def book(folders, url=None):
    return rows(folders, BOOK, url) + rows(folders, COMMENTS, url)


def two_of(released, tmp_path):
    """The same course twice."""
    return [CourseFolders(shutil.copytree(released, tmp_path / name)) for name in ("one", "two")]


def write(folder, *names):
    """Files that hold their own names."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
