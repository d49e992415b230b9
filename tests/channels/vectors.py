"""Test vectors of reference/wecom.md §1.11; the key ends in `G`, which a strict base64 decoder refuses."""

from __future__ import annotations

from dataclasses import dataclass

TOKEN = "FenXiaoToken2026"
AES_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
AES_KEY_HEX = "d35db7e39ebbf3d69b71d79f8218a39259a7a29aabb2dbafc31cb30010831051"
CORP_ID = "ww0123456789abcdef"


@dataclass(frozen=True)
class Vector:
    timestamp: str
    nonce: str
    random: bytes
    plain: str
    encrypted: str
    signature: str

    @property
    def body(self) -> bytes:
        return envelope(self.encrypted)


def envelope(encrypted: str) -> bytes:
    return (
        f"<xml>\n  <ToUserName><![CDATA[{CORP_ID}]]></ToUserName>\n  <AgentID><![CDATA[1000002]]></AgentID>\n"
        f"  <Encrypt><![CDATA[{encrypted}]]></Encrypt>\n</xml>"
    ).encode()


V1 = Vector(
    "1767225600",
    "1372623149",
    b"aaaabbbbccccdddd",
    "6216859018562746510",
    "msLkpdxkt+KAFzAIEEZgG1ZQo8+nRANl2s16hy6vmXr2zA4Qr6ZkcGfTLIBBO1rKaA9C3ynYJ8b+WFK0OFb8+A==",
    "6cd7613cc8917fd673ca9571062376d281049818",
)
V2 = Vector(
    "1767225601",
    "nonce-0001",
    b"0123456789abcdef",
    "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>"
    "<CreateTime>1767225601</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我的佣金]]></Content>"
    "<MsgId>7046271234567890123</MsgId><AgentID>1000002</AgentID></xml>",
    "x12/5hCt8WSD9FOFHMV9L3XHJAHfxkLyD8ket7wjK0zL2fnXMWuFQsN5VWIU6/4V0b969T9kA8Lsb9AEWcby/IpAFa5DxWaxJRm1SErd+ooi+V4G"
    "BhxPZbQFTiDPCQZ3T6qe4t7/pQzS8ajPPBdeT8JDHDQRJnmUA/8oHPb9G6sKee6SHq2i71K8ahGZzLdJ3EBYwqpVejRXFmMSxcblWszr1j0/ebxA"
    "kzhk+0K73+aojv0OW7KKCB/eVWGCem4kCAfznuJdxLj7EFZG2na8LTMkfy8y1jH1eLeEflCtk66jYRajXtHQfGIu07GLiRzijFlWzKdMhXwLEaey"
    "JY1pEhWwEET5ywJqVDqfrMSvTwGelPFZwhNMK3i3G+l7MQ9kh2rGbt+ADRJdX5cVcsBmWZyrGCRnVzVLmfrg1yCvgIS6OFOnspqq3UpkNpy0+vEE"
    "wWx3mudAqCQBvo7/LlkWnQ==",
    "a3687a6738a5ee8b45f678b7f29b6f971064995c",
)
V3 = Vector(
    "1767225602",
    "nonce-0002",
    b"ABCDEFGHIJKLMNOP",
    "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName>"
    "<CreateTime>1767225602</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[本月佣金 128.50 元]]></Content></xml>",
    "B2yGn7kE3nDyRso+xhlT9tMVQthfg/RwhQqjdN+JO+Xeved/jIO1GhAalTPwvRr88Rs0mC3SxT+QARbVs37e9XuaBybn3POAL5zLbmBIYbC2JDa7"
    "WZZspNNgwJs/RzholHrieIhAYSLc6oBJlqyPm1EQxf+A7r9aIdh14ZAm9nuqG2OVZ4ypDdIb0r4olJl04Oe02o/cD/HGl+aedy5VqLb/Ryg+lqui"
    "lRp+YIf5aGz9JHvREyOGdnIJjeyYW0QkxVG2PT1oAeXL/zV38EgIU+xD+ff9ACzCcmy/gHVUwlA+d0UNtmqZAJqAlW54Wl+AOKMD7HLV+9fcEYxi"
    "k0ujuvvHdrh6plIiH0WIPoatv/q1icTrMIzENnfGShf/+g0F",
    "f0f2e880a29f3db92ca71458768efd72720fd476",
)
V5 = Vector(
    "1767225604",
    "nonce-0004",
    b"1111222233334444",
    "x" * 26,  # 16 + 4 + 26 + 18 = 64: a multiple of 32, so 32 bytes of padding follow
    "DCeR907RfOtBDQyNdLV29qwK995X5Hpa1PbwreIEf8VZdJ2NXQ9hYpfwR/GeBLT4Vxtjkkh0L0IfDtfzsl2Sdxz/m5LTZctr+IQnpjqMFIijiu6A"
    "J0z2boD9yGp3xaOd",
    "1ccea875c397e5cae16130f1ca34cc758a8371a8",
)
V8 = Vector(  # for ww9999999999999999
    "1767225605",
    "nonce-0005",
    b"",
    "",
    "5vpw6b34mVv5lp7P4E8pxpbP0YmuVNDqURwZFK3/BNQFZ2U6h34d2IwXHiLVD5rVCTA3LLfsg+Wgk32lSoQphj6vtA0KGe85hIbZoDCuyb/iD2i1"
    "GhMCeKkgSBdK9QjN",
    "988c3a1d697c51666f8f4b68ea66f79236c02a3e",
)
V9 = Vector(  # garbage under a right signature
    "1767225606",
    "nonce-0006",
    b"",
    "",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "7631c0e2ae89eb736661843aa7c0963f43fd8f67",
)
