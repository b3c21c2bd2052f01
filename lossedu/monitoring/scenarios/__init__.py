"""Incidents that can be run: a service with a fault, what its alerts say, and what stays silent."""
