"""The floor of a message: a Flask view that decrypts a callback and encrypts an answer with wechatpy, and nothing else.

BENCH_ANSWER   what it answers: the XML of a passive reply, as long as the product's
"""

from __future__ import annotations

import os
import secrets
import time

from flask import Flask, Response, request
from wechatpy.enterprise.crypto import WeChatCrypto


def create_app() -> Flask:
    app = Flask("bare", static_folder=None)
    crypto = WeChatCrypto(os.environ["WECOM_TOKEN"], os.environ["WECOM_AES_KEY"], os.environ["WECOM_CORP_ID"])
    answer = os.environ["BENCH_ANSWER"]

    @app.post("/callback/wecom")
    def receive() -> Response:
        given = request.args
        crypto.decrypt_message(request.get_data(), given["msg_signature"], given["timestamp"], given["nonce"])
        sealed = crypto.encrypt_message(answer, secrets.token_hex(8), str(int(time.time())))
        return Response(sealed, content_type="application/xml; charset=utf-8")

    return app
