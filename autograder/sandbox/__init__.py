"""Runs what students wrote where it can do no harm, and asks it questions.

Two processes take part.  The *grader* knows the answers and decides; the *server* has torch loaded
and forks a jailed child for each submission.  Modules of this package import nothing else of ours,
so that no answer is in any memory that a submission can see.
"""
