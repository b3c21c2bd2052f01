"""Does a function give the right values?"""

from dataclasses import dataclass

from autograder.checks.against_reference import AgainstReference


@dataclass(frozen=True)
class Values(AgainstReference):
    """Values against a reference, on moderate inputs."""
