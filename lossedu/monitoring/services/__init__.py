"""Real servers on loopback: Prometheus and Alertmanager, started and stopped as a learner needs."""
