"""The simulator's cryptography on the published vectors (reference of the platform, §1.11)."""

from __future__ import annotations

import pytest

from simulator.crypto import Crypto, CryptoError, Sealed

CORP = "ww0123456789abcdef"
CRYPTO = Crypto("FenXiaoToken2026", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", CORP)
BOT = Crypto("FenXiaoToken2026", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", "")

TEXT = (
    "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>"
    "<CreateTime>1767225601</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我的佣金]]></Content>"
    "<MsgId>7046271234567890123</MsgId><AgentID>1000002</AgentID></xml>"
)
REPLY = (
    "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName>"
    "<CreateTime>1767225602</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[本月佣金 128.50 元]]></Content></xml>"
)
STREAM = '{"msgtype":"stream","stream":{"id":"s-0001","finish":false,"content":"正在查询…"}}'

# crypto, random prefix, plaintext, timestamp, nonce, ciphertext, signature
VECTORS = {
    "V1 verification": (
        CRYPTO, "aaaabbbbccccdddd", "6216859018562746510", "1767225600", "1372623149",
        "msLkpdxkt+KAFzAIEEZgG1ZQo8+nRANl2s16hy6vmXr2zA4Qr6ZkcGfTLIBBO1rKaA9C3ynYJ8b+WFK0OFb8+A==",
        "6cd7613cc8917fd673ca9571062376d281049818",
    ),
    "V2 text": (
        CRYPTO, "0123456789abcdef", TEXT, "1767225601", "nonce-0001",
        ("x12/5hCt8WSD9FOFHMV9L3XHJAHfxkLyD8ket7wjK0zL2fnXMWuFQsN5VWIU6/4V0b969T9kA8Lsb9AEWcby/IpAFa5DxWaxJRm1SErd+ooi"
        "+V4GBhxPZbQFTiDPCQZ3T6qe4t7/pQzS8ajPPBdeT8JDHDQRJnmUA/8oHPb9G6sKee6SHq2i71K8ahGZzLdJ3EBYwqpVejRXFmMSxcblWszr"
        "1j0/ebxAkzhk+0K73+aojv0OW7KKCB/eVWGCem4kCAfznuJdxLj7EFZG2na8LTMkfy8y1jH1eLeEflCtk66jYRajXtHQfGIu07GLiRzijFlW"
        "zKdMhXwLEaeyJY1pEhWwEET5ywJqVDqfrMSvTwGelPFZwhNMK3i3G+l7MQ9kh2rGbt+ADRJdX5cVcsBmWZyrGCRnVzVLmfrg1yCvgIS6OFOn"
        "spqq3UpkNpy0+vEEwWx3mudAqCQBvo7/LlkWnQ=="),
        "a3687a6738a5ee8b45f678b7f29b6f971064995c",
    ),
    "V3 reply": (
        CRYPTO, "ABCDEFGHIJKLMNOP", REPLY, "1767225602", "nonce-0002",
        ("B2yGn7kE3nDyRso+xhlT9tMVQthfg/RwhQqjdN+JO+Xeved/jIO1GhAalTPwvRr88Rs0mC3SxT+QARbVs37e9XuaBybn3POAL5zLbmBIYbC2"
        "JDa7WZZspNNgwJs/RzholHrieIhAYSLc6oBJlqyPm1EQxf+A7r9aIdh14ZAm9nuqG2OVZ4ypDdIb0r4olJl04Oe02o/cD/HGl+aedy5VqLb/"
        "Ryg+lquilRp+YIf5aGz9JHvREyOGdnIJjeyYW0QkxVG2PT1oAeXL/zV38EgIU+xD+ff9ACzCcmy/gHVUwlA+d0UNtmqZAJqAlW54Wl+AOKMD"
        "7HLV+9fcEYxik0ujuvvHdrh6plIiH0WIPoatv/q1icTrMIzENnfGShf/+g0F"),
        "f0f2e880a29f3db92ca71458768efd72720fd476",
    ),
    "V5 padding of a whole block": (
        CRYPTO, "1111222233334444", "x" * 26, "1767225604", "nonce-0004",
        ("DCeR907RfOtBDQyNdLV29qwK995X5Hpa1PbwreIEf8VZdJ2NXQ9hYpfwR/GeBLT4Vxtjkkh0L0IfDtfzsl2Sdxz/m5LTZctr+IQnpjqMFIij"
        "iu6AJ0z2boD9yGp3xaOd"),
        "1ccea875c397e5cae16130f1ca34cc758a8371a8",
    ),
    "V6 empty receiveid": (
        BOT, "mnbvcxzlkjhgfdsa", STREAM, "1767225604", "nonce-0003",
        ("1fJWAGv6nbCvXdsks3HV1VlNdNoLAzQnpcoiqT9iJ7gZ4lrjrH1KYEz/u+0v8zsz1jvpHS9tjoVpq8azVaBOPMRjAeC2BzM5/6podB7GcDWi"
        "rK9Wd8QbuFamdk5WU2vjkaGeqbhvufTQuBW5W3sG9/75MgPP3PSJ3FO3b3HlXVo="),
        "8a040faa0b222babd6491fcdba1ecebbf6fd1093",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_vector_is_written_and_signed_bit_for_bit(name: str) -> None:
    crypto, random, plain, stamp, nonce, encrypt, signature = VECTORS[name]
    assert crypto.encrypt(plain.encode(), random=random.encode()) == encrypt
    assert crypto.sign(stamp, nonce, encrypt) == signature


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_vector_opens_to_its_plaintext(name: str) -> None:
    crypto, _, plain, stamp, nonce, encrypt, signature = VECTORS[name]
    assert crypto.open(Sealed(encrypt, signature, stamp, nonce)).decode() == plain


# ciphertext, signature, timestamp, nonce, code
REFUSED = {
    "V8 wrong receiveid": (
        ("5vpw6b34mVv5lp7P4E8pxpbP0YmuVNDqURwZFK3/BNQFZ2U6h34d2IwXHiLVD5rVCTA3LLfsg+Wgk32lSoQphj6vtA0KGe85hIbZoDCuyb/i"
        "D2i1GhMCeKkgSBdK9QjN"),
        "988c3a1d697c51666f8f4b68ea66f79236c02a3e", "1767225605", "nonce-0005", -40005,
    ),
    "V9 garbage": (
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "7631c0e2ae89eb736661843aa7c0963f43fd8f67", "1767225606", "nonce-0006", -40008,
    ),
    "signature of another message": (
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "988c3a1d697c51666f8f4b68ea66f79236c02a3e", "1767225606", "nonce-0006", -40001,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_be_refused_is_refused_with_its_code(name: str) -> None:
    encrypt, signature, stamp, nonce, code = REFUSED[name]
    with pytest.raises(CryptoError) as refused:
        CRYPTO.open(Sealed(encrypt, signature, stamp, nonce))
    assert refused.value.code == code


def test_the_same_message_never_has_the_same_ciphertext_or_nonce_twice() -> None:
    first, second = (CRYPTO.seal("你好".encode(), 1767225600.5) for _ in range(2))
    assert first.encrypt != second.encrypt
    assert first.nonce != second.nonce
    assert first.timestamp == "1767225600"
