"""What company a writer has under a given traffic: `veladora simulate` (docs/simulate.md)."""
