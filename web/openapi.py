"""The order API described in OpenAPI 3.1, as `/api/v1/openapi.json` gives it. A test holds real answers against it."""

from __future__ import annotations

from typing import Any

from domain.order import MAX_LINES, MAX_QTY

Schema = dict[str, Any]

_ORDER: Schema = {
    "no": "O1001",
    "source": "mall",
    "buyer": {"id": "cust-1", "phone": "13800138000"},
    "ref": {"code": "8K3M2Q"},
    "paid_at": "2026-03-01T10:00:00+08:00",
    "freight": "0.00",
    "lines": [
        {
            "sku": "STRAWBERRY-3J",
            "name": "丹东99草莓 3斤装",
            "category": "水果",
            "qty": 1,
            "price": "68.00",
            "paid": "68.00",
        }
    ],
}
_ANSWER: Schema = {
    "no": "O1001",
    "distributor": {"code": "8K3M2Q", "name": "小李"},
    "reason": {"code": "code", "text": "下单时填了小李的推广码"},
    "awards": [
        {
            "to": "8K3M2Q",
            "as": "seller",
            "amount": "6.80",
            "state": "pending",
            "why": "订单 O1001 实付 68.00 元 × 推广佣金 10% = 6.80 元",
        }
    ],
}


def document(base_url: str) -> dict[str, Any]:
    """The whole document; `base_url` is the public address."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "推客助手 订单接口 · Tuike order API",
            "version": "1",
            "summary": "商城把订单、退款、完成和发货推送给推客助手。",
            "description": _DESCRIPTION,
        },
        "servers": [{"url": base_url}],
        "security": [{"timestamp": [], "nonce": [], "signature": []}],
        "paths": _paths(),
        "components": {"securitySchemes": _headers(), "schemas": _schemas(), "responses": _errors()},
    }


_DESCRIPTION = """\
每个请求都要签名。三个请求头：

- `X-Timestamp`：Unix 时间（整数秒），与服务器相差最多 300 秒
- `X-Nonce`：1 到 128 个可见 ASCII 字符，每次请求（包括重试）都换一个
- `X-Signature`：`hex(HMAC-SHA256(ORDER_API_SECRET, X-Timestamp + "\\n" + X-Nonce + "\\n" + 原始请求体))`。
  GET 的请求体按空算

签名正确的请求，无论被接受还是被拒绝，都会用掉它的 nonce。推送可以放心重复：同一内容重复推送什么都不会多记。

金额是两位小数的文字（元），时间是带时区的 ISO 8601。可选的键可以不写，也可以写 `null` 或空文字；不认识的键是错误。
"""


# Paths


def _paths() -> Schema:
    number = {
        "name": "no",
        "in": "path",
        "required": True,
        "description": "订单号，按 URL 编码（斜杠写成 %2F）",
        "schema": _text(64),
    }
    source = {
        "name": "source",
        "in": "query",
        "description": "订单的来源。不写时，这个订单号只能属于一个来源",
        "schema": _text(32),
    }
    about = [number, source]
    at = {"at": "2026-03-03T10:00:00+08:00"}
    return {
        "/api/v1/orders": {
            "post": _push(
                "推送订单", "Order", _ORDER, {"201": "新订单", "200": "内容相同的重复推送，或补上了 completed_at"}, []
            )
        },
        "/api/v1/orders/{no}/refunds": {
            "post": _push(
                "推送退款",
                "Refund",
                {"refund_no": "R1", **at, "lines": [{"line": 0, "qty": 1, "amount": "68.00"}]},
                {"201": "已退款", "200": "内容相同的重复推送"},
                about,
            )
        },
        "/api/v1/orders/{no}/complete": {
            "post": _push("订单完成", "Completion", at, {"200": "已完成；再次完成什么都不改变"}, about)
        },
        "/api/v1/orders/{no}/shipments": {
            "post": _push(
                "推送发货",
                "Shipment",
                {"carrier": "顺丰速运", "waybill": "SF1234567890", **at},
                {"201": "已记录", "200": "同一运单的重复推送"},
                about,
            )
        },
        "/api/v1/products": {
            "get": {
                "summary": "全部商品",
                "operationId": "listProducts",
                "responses": {"200": _response("商品，按 SKU 排列", "Products"), **_refs("401", "404", "500", "503")},
            }
        },
        "/api/v1/coupons/{code}": {
            "get": {
                "summary": "一张券：能不能用、减多少",
                "operationId": "getCoupon",
                "parameters": [
                    {
                        "name": "code",
                        "in": "path",
                        "required": True,
                        "description": "顾客领到的券码",
                        "schema": {"type": "string"},
                    }
                ],
                "responses": {"200": _response("这张券", "Coupon"), **_refs("401", "404", "500", "503")},
            }
        },
        "/api/v1/openapi.json": {
            "get": {
                "summary": "这份文档",
                "operationId": "getDescription",
                "security": [],
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
    }


def _push(summary: str, body: str, example: Schema, answers: dict[str, str], parameters: list[Schema]) -> Schema:
    responses = {
        status: _response(said, "OrderAnswer", {"order": {"value": _ANSWER}}) for status, said in answers.items()
    }
    if parameters:
        responses["202"] = _response("订单还没有推送：先保存，订单到达时按时间先后应用", "Kept")
    return {
        "summary": summary,
        "operationId": f"push{body}",
        "parameters": parameters,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(body), "examples": {"example": {"value": example}}}},
        },
        "responses": responses | _refs("400", "401", "404", "409", "413", "422", "500", "503"),
    }


def _response(description: str, schema: str, examples: Schema | None = None) -> Schema:
    content: Schema = {"schema": _ref(schema)}
    if examples:
        content["examples"] = examples
    return {"description": description, "content": {"application/json": content}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _refs(*statuses: str) -> Schema:
    return {status: {"$ref": f"#/components/responses/{_ERRORS[status][0]}"} for status in statuses}


# Headers and errors


def _headers() -> Schema:
    return {
        "timestamp": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Timestamp",
            "description": "Unix 时间，整数秒，±300 秒",
        },
        "nonce": {"type": "apiKey", "in": "header", "name": "X-Nonce", "description": "每次请求都不同，只能用一次"},
        "signature": {"type": "apiKey", "in": "header", "name": "X-Signature", "description": "十六进制的 HMAC-SHA256"},
    }


# status: (name, what it means, the codes that it may carry)
_ERRORS: dict[str, tuple[str, str, list[str]]] = {
    "400": ("BadRequest", "请求体不是 UTF-8 编码的 JSON 对象", ["not_json", "bad_request"]),
    "401": (
        "Unauthorized",
        "签名请求头缺少、格式不对、时间戳过期、签名不对，或 nonce 已用过；code 说明是哪一种",
        ["missing_header", "malformed_header", "stale_timestamp", "wrong_signature", "used_nonce"],
    ),
    "404": ("NotFound", "没有这个地址或券码，或者没有设置 ORDER_API_SECRET", ["not_found", "closed"]),
    "409": ("Conflict", "同一编号已用于内容不同的推送", ["conflict"]),
    "413": ("TooLarge", "请求体超过 1 MB", ["too_large"]),
    "422": ("Invalid", "字段有错；fields 一次列出全部", ["invalid"]),
    "500": ("Internal", "系统出错", ["internal"]),
    "503": ("Unavailable", "暂时不可用，请稍后用新的 nonce 重试", ["unavailable"]),
}


def _errors() -> Schema:
    return {
        name: {
            "description": said,
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [
                            _ref("Error"),
                            {"properties": {"error": {"properties": {"code": {"enum": codes}}}}},
                        ]
                    }
                }
            },
        }
        for name, said, codes in _ERRORS.values()
    }


# Schemas


def _object(required: str, properties: Schema, optional: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties | (optional or {}),
        "additionalProperties": False,
    }


def _text(limit: int, said: str = "") -> Schema:
    schema: Schema = {"type": "string", "minLength": 1, "maxLength": limit}
    return schema | ({"description": said} if said else {})


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}, {"const": ""}]}


def _amount(said: str) -> Schema:
    return {"type": "string", "pattern": "^[0-9]{1,9}\\.[0-9]{2}$", "examples": ["68.00"], "description": said}


def _whole(low: int, high: int, said: str) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "description": said}


def _instant(said: str) -> Schema:
    return {"type": "string", "format": "date-time", "examples": ["2026-03-01T10:00:00+08:00"], "description": said}


def _list(name: str) -> Schema:
    return {"type": "array", "minItems": 1, "maxItems": MAX_LINES, "items": _ref(name)}


def _schemas() -> Schema:
    return _bodies() | _answers()


def _bodies() -> Schema:
    return {
        "Order": _object(
            "no source buyer paid_at freight lines",
            {
                "no": _text(64, "订单号；同一来源内不重复"),
                "source": _text(32, "来源：哪个商城"),
                "buyer": _ref("Buyer"),
                "paid_at": _instant("支付时间，不能比现在晚 300 秒以上"),
                "freight": _amount("运费，不计佣金"),
                "lines": _list("OrderLine"),
            },
            {
                "ref": {"anyOf": [_ref("Ref"), {"type": "null"}]},
                "completed_at": {"anyOf": [_instant("完成时间，不早于 paid_at"), {"type": "null"}]},
            },
        ),
        "Buyer": _object(
            "id",
            {"id": _text(128, "买家在这个来源里的编号")},
            {
                "unionid": _maybe(_text(128)),
                "openid": _maybe(_text(128)),
                "external_userid": _maybe(_text(128)),
                "phone": _maybe(_text(32, "完整的电话号码，不能打码")),
            },
        ),
        "Ref": _object(
            "",
            {},
            {
                "code": _maybe(_text(64, "推广码；大小写、空格、首尾标点都可以")),
                "coupon": _maybe(_text(64, "顾客领到的券码；不能用时订单照收，只记下原因。大小写、空格、短横都可以")),
                "group": _maybe(_text(64)),
            },
        ),
        "OrderLine": _object(
            "sku name category qty price paid",
            {
                "sku": _text(64, "不必在商品目录里"),
                "name": _text(128),
                "category": _text(64, "决定适用哪条佣金规则"),
                "qty": _whole(1, MAX_QTY, "件数"),
                "price": _amount("单价"),
                "paid": _amount("整行实付：优惠之后，不含运费；可以是 0.00"),
            },
            {"cost": {"anyOf": [_amount("每件成本"), {"type": "null"}]}},
        ),
        "Refund": _object(
            "refund_no at lines",
            {
                "refund_no": _text(64, "退款单号；同一来源内不重复"),
                "at": _instant("退款时间，不早于支付时间"),
                "lines": _list("RefundLine"),
            },
        ),
        "RefundLine": _object(
            "line qty amount",
            {
                "line": _whole(0, MAX_LINES - 1, "订单的第几行，从 0 开始"),
                "qty": _whole(0, MAX_QTY, "退回几件；0 表示只退钱"),
                "amount": _amount("退多少钱；0.00 表示只退货。两者不能都是 0"),
            },
        ),
        "Completion": _object("at", {"at": _instant("完成时间，不早于支付时间")}),
        "Shipment": _object(
            "carrier waybill at",
            {"carrier": _text(64, "快递公司"), "waybill": _text(64, "运单号"), "at": _instant("发货时间")},
        ),
    }


def _answers() -> Schema:
    text = {"type": "string"}
    return {
        "OrderAnswer": _object(
            "no distributor reason awards",
            {
                "no": text,
                "distributor": {"anyOf": [_object("code name", {"code": text, "name": text}), {"type": "null"}]},
                "reason": _object("code text", {"code": {"enum": _REASONS}, "text": text}),
                "awards": {"type": "array", "items": _ref("Award")},
            },
        ),
        "Award": _object(
            "to as amount state why",
            {
                "to": {**text, "description": "分销员的推广码"},
                "as": {**text, "pattern": "^(seller|upline-[1-9][0-9]*|milestone|team|ranking)$"},
                "amount": _amount("当前金额，退款会减少它"),
                "state": {"enum": ["pending", "available", "reversed"]},
                "why": {**text, "description": "分销员读到的解释"},
            },
        ),
        "Kept": _object("no kept", {"no": text, "kept": {"const": True}}),
        "Products": _object("products", {"products": {"type": "array", "items": _ref("Product")}}),
        "Product": _object(
            "sku name category price stock on_shelf",
            {
                "sku": text,
                "name": text,
                "category": text,
                "price": _amount("单价"),
                "stock": {"type": "integer"},
                "on_shelf": {"type": "boolean"},
            },
        ),
        "Coupon": _object(
            "code state until key title kind off at_most minimum for scope",
            {
                "code": text,
                "state": {"enum": ["usable", "used", "over", "withdrawn"]},
                "until": {"anyOf": [_instant("可用到这时为止，不含"), {"type": "null"}]},
                "key": text,
                "title": text,
                "kind": {"enum": ["spend_and_save", "percent"]},
                "off": {**text, "description": "减多少元（20.00），或减百分之几（10%）"},
                "at_most": {"anyOf": [_amount("最多减多少"), {"type": "null"}]},
                "minimum": _amount("适用的商品按 price × qty 要满多少"),
                "for": {"enum": ["everyone", "new_customers", "first_order"]},
                "scope": _object(
                    "categories skus exclude",
                    {name: {"type": "array", "items": text} for name in ("categories", "skus", "exclude")},
                ),
            },
        ),
        "Error": _object(
            "error",
            {
                "error": _object(
                    "code message fields",
                    {
                        "code": text,
                        "message": text,
                        "fields": {
                            "type": "array",
                            "items": _object("field message", {"field": text, "message": text}),
                        },
                    },
                )
            },
        ),
    }


_REASONS = [
    "code", "coupon", "group", "touch", "bound",
    "unknown_code", "expired", "own_order", "suspended", "no_plan", "none",
]  # fmt: skip
