"""Sessions of practice: which question comes next, and what all answers together show."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.practice.sessions.actions import Action, next_actions
    from lossedu.practice.sessions.answering import Course, Item, review_of
    from lossedu.practice.sessions.grid import claimed_levels
    from lossedu.practice.sessions.mock import Mock, Part, begin_mock, mock_from
    from lossedu.practice.sessions.report import Report, SkillLine, report_of
    from lossedu.practice.sessions.report_page import report_page
    from lossedu.practice.sessions.roles import ROLES, Role, SessionError
    from lossedu.practice.sessions.today import Today, today
    from lossedu.practice.sessions.topic import topic

__all__ = [
    "ROLES",
    "Action",
    "Course",
    "Item",
    "Mock",
    "Part",
    "Report",
    "Role",
    "SessionError",
    "SkillLine",
    "Today",
    "begin_mock",
    "claimed_levels",
    "mock_from",
    "next_actions",
    "report_of",
    "report_page",
    "review_of",
    "today",
    "topic",
]

load_on_use(__name__)
