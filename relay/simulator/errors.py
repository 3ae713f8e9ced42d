"""What cannot be simulated as it was asked for; whoever typed it must change it, and the text says how."""


class SimulatorError(Exception):
    """Everything relay/simulator/ raises on purpose."""


class NotTraffic(SimulatorError):
    """A burst, or a file of moments, that cannot be read; nothing was taken from it."""


class TooMuch(SimulatorError):
    """More than such a relay can carry, or more than is simulated in a bearable time."""


class NoPicture(SimulatorError):
    """There is nothing to draw with."""
