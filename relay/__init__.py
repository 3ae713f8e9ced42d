"""The node: rounds, spool, mix, and the one place that builds everything from the settings."""
