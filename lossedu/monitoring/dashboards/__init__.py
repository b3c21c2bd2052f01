"""Three dashboards from one description: for who decides, who is on call, and who debugs."""
