"""The seizure run: relays on disks of their own lose their power under load, and the examiner looks with all keys in
hand (docs/threat-model.md; `make seizure`).

`running.seize` runs one relay to its cut, `verdicts` says of each promise whether it held; the tests of T1, T2 and T3
use both.
"""
