"""Losses that are watched: what a service exports, its objectives, alerts, gates and incidents."""
