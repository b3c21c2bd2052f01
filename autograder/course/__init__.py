"""What a teacher does around grading: a course, a sample class, reports, look-alikes, exports."""
