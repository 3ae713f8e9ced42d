"""The main job, shown: three reports over a private Tor network to two partners' desks. `make demo` runs it."""
