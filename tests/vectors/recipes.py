"""Byte strings as the vector files write them (tests/vectors/README.md).

A recipe is a JSON object with one main key. It imports nothing of the product, so that a client in another language can
be held to the same few rules.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

FOLDER: Final = Path(__file__).parent

Recipe = dict[str, Any]
Case = dict[str, Any]


def hexed(data: bytes) -> Recipe:
    """Short bytes."""
    return {"hex": data.hex()}


def based(data: bytes) -> Recipe:
    """Longer bytes."""
    return {"base64": base64.b64encode(data).decode()}


def text(value: str) -> Recipe:
    """Text, in UTF-8."""
    return {"utf8": value}


def repeat(unit: bytes, count: int) -> Recipe:
    """The same bytes so many times."""
    return {"repeat": unit.hex(), "count": count}


def stream(name: str, length: int) -> Recipe:
    """Bytes without a pattern: SHAKE256 of a name."""
    return {"shake256": name, "length": length}


def join(*parts: Recipe) -> Recipe:
    """One after the other."""
    return {"join": list(parts)}


def sealed(*, key: bytes, nonce: bytes, aad: Recipe, plaintext: Recipe) -> Recipe:
    """ChaCha20-Poly1305 (RFC 8439), the tag at the end."""
    return {"chacha20poly1305": {"aad": aad, "key": key.hex(), "nonce": nonce.hex(), "plaintext": plaintext}}


def changed(source: Recipe, **change: Any) -> Recipe:  # noqa: ANN401 - a change is plain JSON
    """Another recipe's bytes after one change: flip=[byte, bit], cut=length kept, put=[offset, hex]."""
    return {"of": source, **change}


def field(file: str, name: str) -> Recipe:
    """A field of another vector file."""
    return {"file": file, "field": name}


def make(recipe: Recipe, cases: dict[str, Case] | None = None) -> bytes:
    """The bytes of a recipe. `cases`: files that are not on disk yet, by their path under this folder."""
    match recipe:
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"base64": str(spelling)}:
            return base64.b64decode(spelling, validate=True)
        case {"utf8": str(value)}:
            return value.encode()
        case {"repeat": str(unit), "count": int(count)}:
            return bytes.fromhex(unit) * count
        case {"shake256": str(name), "length": int(length)}:
            return hashlib.shake_256(name.encode()).digest(length)
        case {"join": list(parts)}:
            return b"".join(make(part, cases) for part in parts)
        case {"chacha20poly1305": box}:
            cipher = ChaCha20Poly1305(bytes.fromhex(box["key"]))
            return cipher.encrypt(bytes.fromhex(box["nonce"]), make(box["plaintext"], cases), make(box["aad"], cases))
        case {"file": str(file), "field": str(name)}:
            return make((cases[file] if cases else load(file))[name], cases)
        case {"of": source}:
            return _change(make(source, cases), recipe)
    raise ValueError(f"not a recipe: {sorted(recipe)}")


def load(file: str) -> Case:
    """The case in a vector file, given by its path under this folder."""
    case = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    assert isinstance(case, dict)
    return case


def files(folder: str) -> list[str]:
    """The vector files of a folder, by their paths under this one."""
    found = sorted(path.relative_to(FOLDER).as_posix() for path in (FOLDER / folder).glob("*.json"))
    assert found, f"no vectors in {folder}"
    return found


def _change(data: bytes, recipe: Recipe) -> bytes:
    match recipe:
        case {"flip": [int(byte), int(bit)]}:
            return data[:byte] + bytes([data[byte] ^ (1 << bit)]) + data[byte + 1 :]
        case {"cut": int(length)}:
            return data[:length]
        case {"put": [int(offset), str(digits)]}:
            new = bytes.fromhex(digits)
            return data[:offset] + new + data[offset + len(new) :]
    raise ValueError(f"not a change: {sorted(recipe)}")
