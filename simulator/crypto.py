"""Callback cryptography of WeChat Work, written from its description and checked on published vectors.

AES-256-CBC with IV = key[:16]; plaintext = random(16) + uint32 big-endian length + message + receiveid, padded by
PKCS#7 to blocks of 32; signature = hex SHA-1 of the sorted, joined token, timestamp, nonce and ciphertext.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class CryptoError(Exception):
    """A callback or a reply that is not what it claims; `code` as in the official sample libraries."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Sealed:
    """One encrypted message with what the address or the envelope carries beside it."""

    encrypt: str
    signature: str
    timestamp: str
    nonce: str


class Crypto:
    """One token, one key and one receiveid (the corp id of a self-built app, empty for an aibot)."""

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        if len(aes_key) != 43 or not aes_key.isalnum():
            raise ValueError("EncodingAESKey must be 43 letters and digits")
        self.token = token
        # 43 base64 characters carry 258 bits: the last character is usually not canonical, which this decoder accepts.
        self._key = base64.b64decode(aes_key + "=")
        self.receive_id = receive_id

    def sign(self, timestamp: str, nonce: str, encrypt: str) -> str:
        joined = "".join(sorted([self.token, timestamp, nonce, encrypt]))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def encrypt(self, message: bytes, *, random: bytes | None = None) -> str:
        prefix = random if random is not None else os.urandom(16)
        plain = prefix + struct.pack(">I", len(message)) + message + self.receive_id.encode()
        fill = BLOCK - len(plain) % BLOCK
        return self.encrypt_raw(plain + bytes([fill]) * fill)

    def encrypt_raw(self, block: bytes) -> str:
        """Encrypt bytes that are already padded (or deliberately wrong)."""
        encryptor = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(encryptor.update(block) + encryptor.finalize()).decode()

    def seal(self, message: bytes, now: float) -> Sealed:
        """Encrypt with a fresh random prefix and nonce and sign it for the second `now`."""
        encrypt, timestamp, nonce = self.encrypt(message), str(int(now)), secrets.token_hex(8)
        return Sealed(encrypt, self.sign(timestamp, nonce, encrypt), timestamp, nonce)

    def open(self, sealed: Sealed) -> bytes:
        """Check and decrypt, in the order signature, base64, AES, padding, length, receiveid."""
        expected = self.sign(sealed.timestamp, sealed.nonce, sealed.encrypt)
        if not hmac.compare_digest(expected.encode(), sealed.signature.encode()):
            raise CryptoError(-40001, "signature mismatch")
        try:
            data = base64.b64decode(sealed.encrypt, validate=True)
        except (binascii.Error, ValueError):
            raise CryptoError(-40010, "not base64") from None
        if not data or len(data) % 16:
            raise CryptoError(-40008, "ciphertext is not whole blocks")
        decryptor = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
        return self._unpack(decryptor.update(data) + decryptor.finalize())

    def _unpack(self, plain: bytes) -> bytes:
        fill = plain[-1]
        if not 1 <= fill <= BLOCK or fill > len(plain) - 20 or plain[-fill:] != bytes([fill]) * fill:
            raise CryptoError(-40008, "bad padding")
        body = plain[:-fill]
        (length,) = struct.unpack(">I", body[16:20])
        if length > len(body) - 20:
            raise CryptoError(-40008, "length field is beyond the end")
        if body[20 + length :] != self.receive_id.encode():
            raise CryptoError(-40005, "receiveid mismatch")
        return body[20 : 20 + length]
