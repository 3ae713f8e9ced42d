"""The examiner: it looks at a relay as whoever takes the machine would, and says where something lies that should not.

It never says what it found, only where and of what kind. It reads and changes nothing. `examining.examine` is the way
in; `veladora examine` and the tests of the promises use it alike (docs/operate.md, "Examining your own relay").
"""
