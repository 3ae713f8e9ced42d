"""Everything `crypto` raises on purpose; each error says who must act (docs/spec/glossary.md)."""


class CryptoError(Exception):
    """Everything `crypto` raises on purpose."""


class Malformed(CryptoError):
    """Not our format. Drop it; the sender is broken or hostile."""


class Forged(CryptoError):
    """A signature, commitment or tag does not hold. Drop it; somebody altered it on the way."""


class NotForUs(CryptoError):
    """Sealed to a key that we do not hold. Nothing is wrong; it is simply not ours."""


class Expired(CryptoError):
    """Right, but too old. Fetch a newer one, or ask the operator to sign one."""


class RolledBack(CryptoError):
    """Older than what we already hold. Somebody replays an old directory; keep the one we have."""


class WrongPassphrase(CryptoError):
    """The passphrase does not open this key file. Try again; the file is unchanged."""
