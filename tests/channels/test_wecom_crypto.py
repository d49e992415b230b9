"""Envelopes of the callback, held against the vectors of reference/wecom.md §1.11 and against wechatpy."""

from __future__ import annotations

import base64
import hashlib
import os
import re

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.wecom.crypto import Envelope
from bot.wecom.errors import BadCiphertext, BadReceiver, BadSignature, NotForUs, NotXml
from tests.channels.vectors import AES_KEY, AES_KEY_HEX, CORP_ID, TOKEN, V1, V2, V3, V5, V8, V9, Vector, envelope

ours = Envelope(TOKEN, AES_KEY, CORP_ID)
KEY = bytes.fromhex(AES_KEY_HEX)


def sign(encrypted: str, timestamp: str = "1767225601", nonce: str = "n") -> str:
    return hashlib.sha1("".join(sorted([TOKEN, timestamp, nonce, encrypted])).encode()).hexdigest()


def encrypt(padded: bytes) -> str:
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def open_signed(encrypted: str, body: bytes | None = None) -> bytes:
    """Open what bears a right signature, so that only the ciphertext decides."""
    return ours.open(body or envelope(encrypted), sign(encrypted), "1767225601", "n")


def plain(message: bytes = b"hello", receiver: str = CORP_ID, length: int | None = None) -> bytes:
    size = len(message) if length is None else length
    return b"r" * 16 + size.to_bytes(4, "big") + message + receiver.encode()


def pad(raw: bytes, block: int = 32) -> bytes:
    fill = block - len(raw) % block
    return raw + bytes([fill]) * fill


def test_v1_the_address_is_verified_with_the_bare_plaintext() -> None:
    assert ours.verify_url(V1.signature, V1.timestamp, V1.nonce, V1.encrypted) == V1.plain


def test_an_echo_whose_pluses_became_spaces_is_read_all_the_same() -> None:
    assert ours.verify_url(V1.signature, V1.timestamp, V1.nonce, V1.encrypted.replace("+", " ")) == V1.plain


@pytest.mark.parametrize("vector", [V2, V3, V5], ids=["V2", "V3", "V5"])
def test_a_vector_opens_to_its_plaintext(vector: Vector) -> None:
    assert ours.open(vector.body, vector.signature, vector.timestamp, vector.nonce) == vector.plain.encode()


@pytest.mark.parametrize("vector", [V1, V2, V3, V5], ids=["V1", "V2", "V3", "V5"])
def test_a_vector_is_sealed_to_the_same_bytes(vector: Vector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: vector.random[:size])
    sealed = ours.seal(vector.plain, vector.nonce, vector.timestamp)
    assert f"<Encrypt><![CDATA[{vector.encrypted}]]></Encrypt>" in sealed
    assert f"<MsgSignature><![CDATA[{vector.signature}]]></MsgSignature>" in sealed
    assert f"<TimeStamp>{vector.timestamp}</TimeStamp>" in sealed
    assert f"<Nonce><![CDATA[{vector.nonce}]]></Nonce>" in sealed


def test_v8_a_message_for_another_enterprise_is_refused() -> None:
    with pytest.raises(BadReceiver):
        ours.open(V8.body, V8.signature, V8.timestamp, V8.nonce)


def test_v9_garbage_under_a_right_signature_is_refused_and_does_not_crash() -> None:
    with pytest.raises(BadCiphertext):
        ours.open(V9.body, V9.signature, V9.timestamp, V9.nonce)


@pytest.mark.parametrize("signature", ["", "0" * 40, V2.signature.upper(), V2.signature[:-1], "签名", "\udcff"])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        ours.open(V2.body, signature, V2.timestamp, V2.nonce)


def test_the_signature_covers_timestamp_nonce_and_text() -> None:
    for timestamp, nonce, body in (
        ("1767225602", V2.nonce, V2.body),
        (V2.timestamp, "nonce-0002", V2.body),
        (V2.timestamp, V2.nonce, V3.body),
    ):
        with pytest.raises(BadSignature):
            ours.open(body, V2.signature, timestamp, nonce)


@pytest.mark.parametrize(
    "padded",
    [
        plain() + b"\x00" * (32 - len(plain()) % 32),
        plain() + b"\x21" * (32 - len(plain()) % 32),  # 33, more than a block
        plain() + b"\xff" * (32 - len(plain()) % 32),
        plain() + b"\x00" * (30 - len(plain()) % 32) + b"\x05\x05",  # five that are only two
        b"\x20" * 32,  # nothing but padding
        pad(b"short"),
        pad(plain(length=2**31)),
        pad(plain(length=len(b"hello") + 19)),
    ],
)
def test_a_bad_padding_or_length_is_refused(padded: bytes) -> None:
    with pytest.raises(BadCiphertext):
        open_signed(encrypt(padded[: len(padded) // 16 * 16]))


@pytest.mark.parametrize("length", [0, 4, 6])
def test_a_length_that_moves_the_receiver_is_refused(length: int) -> None:
    with pytest.raises(BadReceiver):
        open_signed(encrypt(pad(plain(length=length))))


def test_a_padding_over_16_bytes_opens_too() -> None:
    assert open_signed(encrypt(pad(plain(b"x" * 4), block=16))) == b"x" * 4


@pytest.mark.parametrize(
    "encrypted",
    [
        V2.encrypted[:-5],  # cut short, no base64 any more
        V2.encrypted[:100],  # base64, not whole blocks
        base64.b64encode(base64.b64decode(V2.encrypted)[:-32]).decode(),  # whole blocks, cut short
        "=" + V2.encrypted,
        V2.encrypted + "=",
        V2.encrypted[:40] + "\n" + V2.encrypted[40:],
        V2.encrypted.replace("+", "-").replace("/", "_"),
        V2.encrypted[:8] + "中文" + V2.encrypted[8:],
        "!!!!",
        "====",
    ],
)
def test_weird_or_truncated_base64_is_refused(encrypted: str) -> None:
    with pytest.raises(BadCiphertext):
        open_signed(encrypted)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'{"encrypt": "x"}',
        b"<xml>",
        b"<xml></xml>",
        b"<xml><Encrypt></Encrypt></xml>",
        b"<xml><Encrypt/></xml>",
        b"<xml><Other>x</Other></xml>",
        b"<xml><Deep><Encrypt>x</Encrypt></Deep></xml>",
        b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
        b"\xff\xfe<\x00x\x00m\x00l\x00/\x00>\x00",
        b"<xml><Encrypt>\xff\xff</Encrypt></xml>",
        b"<xml><Encrypt>&unknown;</Encrypt></xml>",
        b"<a>" * 100_000,
        b'<?xml version="1.0" encoding="x-none"?><xml',
        b"\x00" * 1000,
    ],
)
def test_what_is_no_xml_of_wecom_is_not_xml(body: bytes) -> None:
    with pytest.raises(NotXml):
        ours.open(body, "s", "1", "n")


@pytest.mark.parametrize(
    "dtd",
    [
        "<!DOCTYPE xml>",
        '<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE xml SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_dtd_is_refused_before_its_entities_mean_anything(dtd: str) -> None:
    body = f"<?xml version='1.0'?>{dtd}<xml><Encrypt>{V2.encrypted}</Encrypt></xml>".encode()
    with pytest.raises(NotXml, match="DTD"):
        ours.open(body, V2.signature, V2.timestamp, V2.nonce)


def test_an_encoding_that_the_declaration_only_claims_does_not_matter() -> None:
    body = b'<?xml version="1.0" encoding="GB18030"?>' + V2.body
    assert ours.open(body, V2.signature, V2.timestamp, V2.nonce) == V2.plain.encode()


@pytest.mark.parametrize("key", ["", "short", AES_KEY + "=", AES_KEY + "A", "*" * 43])
def test_an_aes_key_that_is_none_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="43 characters"):
        Envelope(TOKEN, key, CORP_ID)


@given(message=st.text(max_size=300), nonce=st.from_regex(r"[0-9a-zA-Z]{1,20}", fullmatch=True))
def test_whatever_is_sealed_is_opened_by_us_and_by_wechatpy(message: str, nonce: str) -> None:
    sealed = ours.seal(message, nonce, 1767225602)
    found = re.search(r"<MsgSignature><!\[CDATA\[(\w{40})\]\]>", sealed)
    assert found
    assert ours.open(sealed.encode(), found[1], "1767225602", nonce) == message.encode()
    theirs = WeChatCrypto(TOKEN, AES_KEY, CORP_ID)
    assert theirs.decrypt_message(sealed, found[1], "1767225602", nonce) == message


@given(body=st.binary(max_size=400), flipped=st.integers(0, len(V2.body) - 1))
def test_arbitrary_bodies_and_flipped_bytes_never_raise_anything_else(body: bytes, flipped: int) -> None:
    changed = bytearray(V2.body)
    changed[flipped] ^= 0x01
    for attempt in (body, bytes(changed)):
        try:
            opened = ours.open(attempt, V2.signature, V2.timestamp, V2.nonce)
        except (NotXml, NotForUs):
            continue
        assert opened == V2.plain.encode()  # the flip was outside of Encrypt


def test_the_same_message_is_sealed_differently_each_time() -> None:
    assert ours.seal("x", "n", 1) != ours.seal("x", "n", 1)


def test_an_aibot_envelope_has_no_receiver() -> None:
    aibot = Envelope(TOKEN, AES_KEY, "")
    encrypted = encrypt(pad(plain(receiver="")))
    assert aibot.open(envelope(encrypted), sign(encrypted), "1767225601", "n") == b"hello"
