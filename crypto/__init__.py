"""What both ends agree on, byte for byte; pure: no clock, disk, network, process or log (docs/spec/)."""
