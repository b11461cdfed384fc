# SPDX-License-Identifier: Apache-2.0
"""messages.py: fields of protocol buffers, of which files in ONNX consist."""


def number(n):
    out = b''
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(tag, value):
    """A field of a message: a number, or bytes, or text."""
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    value = value.encode() if isinstance(value, str) else value
    return number(tag << 3 | 2) + number(len(value)) + value
