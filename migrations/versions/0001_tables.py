"""all tables

Revision 0001, after .
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("name", name=op.f("uq_access_token_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "added_word",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("list", sa.String(length=32), nullable=False),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_added_word")),
        sa.UniqueConstraint("list", "word", name=op.f("uq_added_word_list_word")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "announcement",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("level", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("after", ID, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("muted", sa.BigInteger(), nullable=False),
        sa.Column("alone", sa.BigInteger(), nullable=False),
        sa.Column("unreached", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("touched_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_announcement_state_due_at", "announcement", ["state", "due_at"], unique=False)
    op.create_index("ix_announcement_touched_at", "announcement", ["touched_at"], unique=False)
    op.create_table(
        "api_nonce",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_nonce")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_nonce_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_api_nonce_seen_at", "api_nonce", ["seen_at"], unique=False)
    op.create_table(
        "broadcast",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("link", sa.JSON(), nullable=True),
        sa.Column("picture", sa.String(length=512), nullable=True),
        sa.Column("ticks", sa.JSON(), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "budget",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("used", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint("scope", name=op.f("uq_budget_scope")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "contact_walk",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.String(length=512), nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_walk")),
        sa.UniqueConstraint("as_of", name=op.f("uq_contact_walk_as_of")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "coupon",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("key", name=op.f("uq_coupon_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_coupon_closed_at_ends_at", "coupon", ["closed_at", "ends_at"], unique=False)
    op.create_table(
        "customer",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.String(length=512), nullable=False),
        sa.Column("union_digest", sa.String(length=64), nullable=True),
        sa.Column("union_sealed", sa.String(length=512), nullable=True),
        sa.Column("name_sealed", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.BigInteger(), nullable=True),
        sa.Column("looked_up_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("digest", name=op.f("uq_customer_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_customer_union_digest", "customer", ["union_digest"], unique=False)
    op.create_table(
        "dialog",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("greeted_on", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dialog")),
        sa.UniqueConstraint("channel", "sender", name=op.f("uq_dialog_channel_sender")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "distributor",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("member", sa.Boolean(), nullable=False),
        sa.Column("told_name", sa.String(length=64), nullable=True),
        sa.Column("directory_name", sa.String(length=64), nullable=True),
        sa.Column("inviter_id", ID, nullable=True),
        sa.Column("inviter_reason", sa.String(length=16), nullable=True),
        sa.Column("invited_at", INSTANT, nullable=True),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("first_suspended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["inviter_id"], ["distributor.id"], name=op.f("fk_distributor_inviter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distributor")),
        sa.UniqueConstraint("code", name=op.f("uq_distributor_code")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_distributor_inviter_id_joined_at", "distributor", ["inviter_id", "joined_at"], unique=False)
    op.create_index("ix_distributor_joined_at", "distributor", ["joined_at"], unique=False)
    op.create_index("ix_distributor_status_id", "distributor", ["status", "id"], unique=False)
    op.create_table(
        "early_fact",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("order_no", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("applied_at", INSTANT, nullable=True),
        sa.Column("fault", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_fact")),
        sa.UniqueConstraint("source", "kind", "ref", name=op.f("uq_early_fact_source_kind_ref")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_early_fact_order", "early_fact", ["source", "order_no"], unique=False)
    op.create_table(
        "follower",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.String(length=512), nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("follows_since", INSTANT, nullable=False),
        sa.Column("scene", sa.String(length=64), nullable=True),
        sa.Column("wrote_at", INSTANT, nullable=True),
        sa.Column("wrote_used", sa.BigInteger(), nullable=False),
        sa.Column("tapped_at", INSTANT, nullable=True),
        sa.Column("tapped_used", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follower")),
        sa.UniqueConstraint("digest", name=op.f("uq_follower_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "guest",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.String(length=512), nullable=False),
        sa.Column("scene", sa.String(length=128), nullable=True),
        sa.Column("state", sa.BigInteger(), nullable=False),
        sa.Column("wrote_at", INSTANT, nullable=True),
        sa.Column("noticed_at", INSTANT, nullable=True),
        sa.Column("wrote_used", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
        sa.UniqueConstraint("digest", name=op.f("uq_guest_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "inbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("inbound", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("intent", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("handled_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "key", name=op.f("uq_inbox_channel_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_inbox_state_due_at", "inbox", ["state", "due_at"], unique=False)
    op.create_table(
        "intake_lock",
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_intake_lock")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "job_state",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("done_until", INSTANT, nullable=False),
        sa.Column("beat_at", INSTANT, nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_state")),
        sa.UniqueConstraint("name", name=op.f("uq_job_state_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "kf_log",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("open_kfid", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=255), nullable=True),
        sa.Column("more", sa.Boolean(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("served", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(length=255), nullable=True),
        sa.Column("token_until", INSTANT, nullable=True),
        sa.Column("old_before", INSTANT, nullable=True),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("bare_at", INSTANT, nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kf_log")),
        sa.UniqueConstraint("open_kfid", name=op.f("uq_kf_log_open_kfid")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "lane",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("name", name=op.f("uq_lane_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=192), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reverses_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["reverses_id"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_entry_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_ledger_entry_at", "ledger_entry", ["at"], unique=False)
    op.create_table(
        "link_try",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("wrong", sa.BigInteger(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_try")),
        sa.UniqueConstraint("kind", "digest", name=op.f("uq_link_try_kind_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "media",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=96), nullable=False),
        sa.Column("media_id", sa.String(length=512), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("digest", "owner", name=op.f("uq_media_digest_owner")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "operator",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("userid", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
        sa.UniqueConstraint("userid", name=op.f("uq_operator_userid")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("lane", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("fault", sa.String(length=255), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("push", sa.String(length=16), nullable=True),
        sa.Column("person", ID, nullable=True),
        sa.Column("about", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_outbox_lane_sent_at", "outbox", ["lane", "sent_at"], unique=False)
    op.create_index("ix_outbox_lane_state_id", "outbox", ["lane", "state", "id"], unique=False)
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"], unique=False)
    op.create_table(
        "override_record",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("plan_name", sa.String(length=128), nullable=False),
        sa.Column("plan_version", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("ruleset", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("operator_name", sa.String(length=512), nullable=False),
        sa.Column("operator_title", sa.String(length=64), nullable=False),
        sa.Column("operator_factor_at", INSTANT, nullable=False),
        sa.Column("second", sa.String(length=64), nullable=True),
        sa.Column("second_name", sa.String(length=512), nullable=True),
        sa.Column("second_factor_at", INSTANT, nullable=True),
        sa.Column("statement", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opinion", sa.String(length=64), nullable=True),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override_record")),
        sa.UniqueConstraint("hash", name=op.f("uq_override_record_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_override_record_previous_hash")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_override_record_digest", "override_record", ["digest"], unique=False)
    op.create_table(
        "own_copy",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("ticks", sa.JSON(), nullable=False),
        sa.Column("ruleset", sa.String(length=32), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_copy")),
        sa.UniqueConstraint("name", name=op.f("uq_own_copy_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_own_copy_sku", "own_copy", ["sku"], unique=False)
    op.create_table(
        "pause",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("scope", sa.String(length=96), nullable=False),
        sa.Column("errcode", sa.BigInteger(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("retry_at", INSTANT, nullable=False),
        sa.Column("told_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
        sa.UniqueConstraint("scope", name=op.f("uq_pause_scope")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "plan_version",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("source", LONG_TEXT, nullable=False),
        sa.Column("canonical", LONG_TEXT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.String(length=64), nullable=True),
        sa.Column("ticks", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("ruleset", sa.String(length=32), nullable=False),
        sa.Column("context", LONG_TEXT, nullable=True),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("good_until", INSTANT, nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_version")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_plan_version_starts_at", "plan_version", ["starts_at", "id"], unique=False)
    op.create_table(
        "product",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("stock", sa.BigInteger(), nullable=False),
        sa.Column("on_shelf", sa.Boolean(), nullable=False),
        sa.Column("promise", sa.String(length=128), nullable=False),
        sa.Column("picture", sa.String(length=255), nullable=True),
        sa.Column("listed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("sku", name=op.f("uq_product_sku")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "settlement_run",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("cutoff", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_run")),
        sa.UniqueConstraint("slot", name=op.f("uq_settlement_run_slot")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_settlement_run_closed_at", "settlement_run", ["closed_at"], unique=False)
    op.create_table(
        "unknown_phrase",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("text", sa.String(length=60), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("intent", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unknown_phrase")),
        sa.UniqueConstraint("text", name=op.f("uq_unknown_phrase_text")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_unknown_phrase_intent_count", "unknown_phrase", ["intent", "count"], unique=False)
    op.create_index("ix_unknown_phrase_last_at", "unknown_phrase", ["last_at"], unique=False)
    op.create_table(
        "window_sum",
        sa.Column("window_run_id", ID, autoincrement=False, nullable=False),
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("window_run_id", "distributor_id", name=op.f("pk_window_sum")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "word_exception",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("phrase", sa.String(length=64), nullable=False),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_word_exception")),
        sa.UniqueConstraint("phrase", "word", name=op.f("uq_word_exception_phrase_word")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "broadcast_task",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", ID, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("msgid", sa.String(length=128), nullable=True),
        sa.Column("targets", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("unsent", sa.BigInteger(), nullable=False),
        sa.Column("no_friend", sa.BigInteger(), nullable=False),
        sa.Column("over_cap", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("looked_at", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("reminded", sa.JSON(), nullable=False),
        sa.Column("fault", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcast.id"], name=op.f("fk_broadcast_task_broadcast_id")),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_broadcast_task_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_task")),
        sa.UniqueConstraint("broadcast_id", "place", name=op.f("uq_broadcast_task_broadcast_id_place")),
        sa.UniqueConstraint("msgid", name=op.f("uq_broadcast_task_msgid")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_broadcast_task_due_at", "broadcast_task", ["due_at"], unique=False)
    op.create_table(
        "contact_way",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("config_id", sa.String(length=64), nullable=True),
        sa.Column("picture", sa.String(length=512), nullable=True),
        sa.Column("users", sa.JSON(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.String(length=96), nullable=True),
        sa.Column("made_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_contact_way_distributor_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["distributor.id"], name=op.f("fk_contact_way_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_way")),
        sa.UniqueConstraint("config_id", name=op.f("uq_contact_way_config_id")),
        sa.UniqueConstraint("distributor_id", name=op.f("uq_contact_way_distributor_id")),
        sa.UniqueConstraint("state", name=op.f("uq_contact_way_state")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_contact_way_owner_id", "contact_way", ["owner_id"], unique=False)
    op.create_table(
        "copy_use",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("recent", sa.JSON(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_copy_use_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_use")),
        sa.UniqueConstraint("distributor_id", "sku", "kind", name=op.f("uq_copy_use_distributor_id_sku_kind")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_copy_use_distributor_id_used_at", "copy_use", ["distributor_id", "used_at"], unique=False)
    op.create_table(
        "coupon_share",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("coupon_id", ID, nullable=False),
        sa.Column("origin", sa.String(length=48), nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("group_id", ID, nullable=True),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_share_coupon_id")),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_coupon_share_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_share")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_share_code")),
        sa.UniqueConstraint("coupon_id", "origin", name=op.f("uq_coupon_share_coupon_id_origin")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_coupon_share_coupon_id_used", "coupon_share", ["coupon_id", "used"], unique=False)
    op.create_index(
        "ix_coupon_share_distributor_id_coupon_id", "coupon_share", ["distributor_id", "coupon_id"], unique=False
    )
    op.create_table(
        "coupon_stock",
        sa.Column("coupon_id", ID, autoincrement=False, nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("claimed >= 0", name=op.f("ck_coupon_stock_claimed_not_negative")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_stock_coupon_id")),
        sa.PrimaryKeyConstraint("coupon_id", name=op.f("pk_coupon_stock")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "customer_relation",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("userid", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("added_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("welcomed_at", INSTANT, nullable=True),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_relation_customer_id")),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["distributor.id"], name=op.f("fk_customer_relation_distributor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_relation")),
        sa.UniqueConstraint("customer_id", "userid", name=op.f("uq_customer_relation_customer_id_userid")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_customer_relation_distributor_id_added_at",
        "customer_relation",
        ["distributor_id", "added_at"],
        unique=False,
    )
    op.create_index("ix_customer_relation_userid_id", "customer_relation", ["userid", "id"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.String(length=512), nullable=True),
        sa.Column("plain", sa.String(length=64), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_identity_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("kind", "digest", name=op.f("uq_identity_kind_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_identity_distributor_id", "identity", ["distributor_id"], unique=False)
    op.create_table(
        "identity_change",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("identity_kind", sa.String(length=16), nullable=False),
        sa.Column("identity_digest", sa.String(length=64), nullable=False),
        sa.Column("from_id", ID, nullable=True),
        sa.Column("to_id", ID, nullable=True),
        sa.Column("proof", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["distributor.id"], name=op.f("fk_identity_change_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["distributor.id"], name=op.f("fk_identity_change_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_change")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_identity_change_kind_digest", "identity_change", ["identity_kind", "identity_digest"], unique=False
    )
    op.create_table(
        "join_way",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("config_id", sa.String(length=64), nullable=True),
        sa.Column("qr_code", sa.String(length=512), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_join_way_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_way")),
        sa.UniqueConstraint("state", name=op.f("uq_join_way_state")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_join_way_distributor_id", "join_way", ["distributor_id"], unique=False)
    op.create_table(
        "ledger_account",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "balance IS NULL OR balance >= 0 OR purpose IN ('available', 'points')",
            name=op.f("ck_ledger_account_only_available_may_be_negative"),
        ),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_ledger_account_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("name", name=op.f("uq_ledger_account_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_ledger_account_distributor_id", "ledger_account", ["distributor_id"], unique=False)
    op.create_table(
        "link_code",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_link_code_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_link_code_digest")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_link_code_distributor_id", "link_code", ["distributor_id"], unique=False)
    op.create_table(
        "milestone_mark",
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("standing", sa.String(length=64), nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_milestone_mark_distributor_id")),
        sa.PrimaryKeyConstraint("distributor_id", name=op.f("pk_milestone_mark")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_milestone_mark_due_at", "milestone_mark", ["due_at", "distributor_id"], unique=False)
    op.create_table(
        "poster_consent",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("wording", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_poster_consent_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poster_consent")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_poster_consent_distributor_id", "poster_consent", ["distributor_id", "id"], unique=False)
    op.create_table(
        "push_choice",
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("muted", sa.JSON(), nullable=False),
        sa.Column("paused", sa.JSON(), nullable=False),
        sa.Column("since", INSTANT, nullable=True),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("hours", sa.String(length=16), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_push_choice_distributor_id")),
        sa.PrimaryKeyConstraint("distributor_id", name=op.f("pk_push_choice")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rollup",
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("kept", sa.String(length=160), nullable=False),
        sa.Column("paid_to", INSTANT, nullable=True),
        sa.Column("refunded_to", INSTANT, nullable=True),
        sa.Column("settled_to", INSTANT, nullable=True),
        sa.Column("next_settles", INSTANT, nullable=True),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("level", sa.String(length=64), nullable=True),
        sa.Column("levels_told", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_rollup_distributor_id")),
        sa.PrimaryKeyConstraint("distributor_id", name=op.f("pk_rollup")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_rollup_moved", "rollup", ["moved", "distributor_id"], unique=False)
    op.create_index("ix_rollup_next_settles", "rollup", ["next_settles", "distributor_id"], unique=False)
    op.create_table(
        "statement",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("bonus", sa.BigInteger(), nullable=False),
        sa.Column("told_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_statement_distributor_id")),
        sa.ForeignKeyConstraint(["run_id"], ["settlement_run.id"], name=op.f("fk_statement_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("run_id", "distributor_id", name=op.f("uq_statement_run_id_distributor_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_statement_distributor_id_id", "statement", ["distributor_id", "id"], unique=False)
    op.create_table(
        "submission",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("plan_version_id", ID, nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("window", sa.String(length=16), nullable=False),
        sa.Column("evidence", LONG_TEXT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("because", sa.String(length=255), nullable=True),
        sa.CheckConstraint(
            "decided_at IS NOT NULL OR state = 'requested'", name=op.f("ck_submission_decided_at_a_time")
        ),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_submission_distributor_id")),
        sa.ForeignKeyConstraint(["plan_version_id"], ["plan_version.id"], name=op.f("fk_submission_plan_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("key", name=op.f("uq_submission_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_submission_distributor_id_rule_window", "submission", ["distributor_id", "rule", "window"], unique=False
    )
    op.create_index("ix_submission_state_id", "submission", ["state", "id"], unique=False)
    op.create_table(
        "suspension",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_suspension_until_not_before_since")),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_suspension_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_suspension_distributor_id", "suspension", ["distributor_id", "since"], unique=False)
    op.create_table(
        "tally",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_tally_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally")),
        sa.UniqueConstraint("label", "distributor_id", name=op.f("uq_tally_label_distributor_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_tally_label_sales", "tally", ["label", "sales", "reached_at", "distributor_id"], unique=False)
    op.create_table(
        "touch",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("identity_digest", sa.String(length=64), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=128), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("origin", sa.String(length=32), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_touch_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touch")),
        sa.UniqueConstraint("identity_digest", "kind", "ref", name=op.f("uq_touch_identity_digest_kind_ref")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_touch_distributor_id_at", "touch", ["distributor_id", "at"], unique=False)
    op.create_index("ix_touch_identity_digest_at", "touch", ["identity_digest", "at"], unique=False)
    op.create_table(
        "window_run",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("as", sa.String(length=16), nullable=False),
        sa.Column("window", sa.String(length=16), nullable=False),
        sa.Column("plan_version_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("after", ID, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["plan_version_id"], ["plan_version.id"], name=op.f("fk_window_run_plan_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_window_run")),
        sa.UniqueConstraint("rule", "as", "window", name=op.f("uq_window_run_rule_as_window")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_window_run_state", "window_run", ["state"], unique=False)
    op.create_table(
        "withdrawal",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("refused_because", sa.String(length=255), nullable=True),
        sa.Column("paid_at", INSTANT, nullable=True),
        sa.Column("paid_reference", sa.String(length=64), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_withdrawal_positive")),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_withdrawal_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("key", name=op.f("uq_withdrawal_key")),
        sa.UniqueConstraint("paid_reference", name=op.f("uq_withdrawal_paid_reference")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_withdrawal_distributor_id_requested_at", "withdrawal", ["distributor_id", "requested_at"], unique=False
    )
    op.create_index("ix_withdrawal_state_id", "withdrawal", ["state", "id"], unique=False)
    op.create_table(
        "broadcast_target",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("task_id", ID, nullable=False),
        sa.Column("receiver", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.String(length=512), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("counts_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["broadcast_task.id"], name=op.f("fk_broadcast_target_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_target")),
        sa.UniqueConstraint("task_id", "receiver", name=op.f("uq_broadcast_target_task_id_receiver")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_broadcast_target_receiver", "broadcast_target", ["receiver", "counts_at"], unique=False)
    op.create_table(
        "customer_event",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("relation_id", ID, nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("heard_by", sa.String(length=16), nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("detail", sa.String(length=64), nullable=True),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_customer_event_distributor_id")),
        sa.ForeignKeyConstraint(["relation_id"], ["customer_relation.id"], name=op.f("fk_customer_event_relation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_event")),
        sa.UniqueConstraint("relation_id", "what", "at", name=op.f("uq_customer_event_relation_id_what_at")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "customer_group",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("chat_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=True),
        sa.Column("leader_id", ID, nullable=True),
        sa.Column("leads_by", sa.String(length=16), nullable=True),
        sa.Column("join_way_id", ID, nullable=True),
        sa.Column("began_at", INSTANT, nullable=True),
        sa.Column("dismissed_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("pull_at", INSTANT, nullable=True),
        sa.Column("pulls_failed", sa.BigInteger(), nullable=False),
        sa.Column("pulled_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["join_way_id"], ["join_way.id"], name=op.f("fk_customer_group_join_way_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["distributor.id"], name=op.f("fk_customer_group_leader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_group")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_customer_group_chat_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_customer_group_leader_id", "customer_group", ["leader_id"], unique=False)
    op.create_index("ix_customer_group_owner", "customer_group", ["owner"], unique=False)
    op.create_index("ix_customer_group_pull_at", "customer_group", ["pull_at"], unique=False)
    op.create_table(
        "ledger_posting",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_posting_not_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_posting_account_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_posting_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_posting")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_ledger_posting_account_id_entry_id", "ledger_posting", ["account_id", "entry_id"], unique=False)
    op.create_index("ix_ledger_posting_entry_id", "ledger_posting", ["entry_id"], unique=False)
    op.create_table(
        "rollup_buyer",
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("buyer_digest", sa.String(length=64), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["rollup.distributor_id"], name=op.f("fk_rollup_buyer_distributor_id")
        ),
        sa.PrimaryKeyConstraint("distributor_id", "label", "buyer_digest", name=op.f("pk_rollup_buyer")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rollup_sum",
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("buyers", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["rollup.distributor_id"], name=op.f("fk_rollup_sum_distributor_id")
        ),
        sa.PrimaryKeyConstraint("distributor_id", "basis", "label", name=op.f("pk_rollup_sum")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "group_leadership",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("leads_by", sa.String(length=16), nullable=True),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["distributor_id"], ["distributor.id"], name=op.f("fk_group_leadership_distributor_id")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["customer_group.id"], name=op.f("fk_group_leadership_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_leadership")),
        sa.UniqueConstraint("group_id", "since", name=op.f("uq_group_leadership_group_id_since")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "orders",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("no", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("buyer_digest", sa.String(length=64), nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("buyer_distributor_id", ID, nullable=True),
        sa.Column("plan_version_id", ID, nullable=True),
        sa.Column("group_id", ID, nullable=True),
        sa.Column("reason_code", sa.String(length=16), nullable=False),
        sa.Column("reason_text", sa.String(length=255), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("seller_role", sa.String(length=16), nullable=True),
        sa.Column("seller_member", sa.Boolean(), nullable=True),
        sa.Column("upline", sa.JSON(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", INSTANT, nullable=False),
        sa.Column("completed_at", INSTANT, nullable=True),
        sa.Column("settles_at", INSTANT, nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("milestones_due_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["buyer_distributor_id"], ["distributor.id"], name=op.f("fk_orders_buyer_distributor_id")
        ),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_orders_distributor_id")),
        sa.ForeignKeyConstraint(["group_id"], ["customer_group.id"], name=op.f("fk_orders_group_id")),
        sa.ForeignKeyConstraint(["plan_version_id"], ["plan_version.id"], name=op.f("fk_orders_plan_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("source", "no", name=op.f("uq_orders_source_no")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_orders_buyer_digest", "orders", ["buyer_digest", "distributor_id", "paid_at"], unique=False)
    op.create_index("ix_orders_distributor_id_paid_at", "orders", ["distributor_id", "paid_at"], unique=False)
    op.create_index("ix_orders_distributor_id_settles_at", "orders", ["distributor_id", "settles_at"], unique=False)
    op.create_index(
        "ix_orders_group_id",
        "orders",
        ["group_id", "distributor_id", "paid_at"],
        unique=False,
        postgresql_where=sa.text("group_id IS NOT NULL"),
        sqlite_where=sa.text("group_id IS NOT NULL"),
    )
    op.create_index("ix_orders_milestones_due_at", "orders", ["milestones_due_at", "distributor_id"], unique=False)
    op.create_index("ix_orders_no", "orders", ["no"], unique=False)
    op.create_index("ix_orders_paid_at", "orders", ["paid_at"], unique=False)
    op.create_table(
        "award",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("as", sa.String(length=16), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("peak", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("paid_at", INSTANT, nullable=False),
        sa.Column("settles_at", INSTANT, nullable=True),
        sa.Column("available_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_award_distributor_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_award_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("order_id", "line", "rule", "row", name=op.f("uq_award_order_id_line_rule_row")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_award_distributor_id_paid_at", "award", ["distributor_id", "paid_at"], unique=False)
    op.create_index("ix_award_distributor_id_state", "award", ["distributor_id", "state", "settles_at"], unique=False)
    op.create_index("ix_award_state_settles_at", "award", ["state", "settles_at", "distributor_id"], unique=False)
    op.create_table(
        "bonus",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("as", sa.String(length=16), nullable=False),
        sa.Column("window", sa.String(length=16), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("full", sa.BigInteger(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("rate_bp", sa.BigInteger(), nullable=True),
        sa.Column("reward", sa.JSON(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_bonus_distributor_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_bonus_order_id")),
        sa.ForeignKeyConstraint(["run_id"], ["settlement_run.id"], name=op.f("fk_bonus_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bonus")),
        sa.UniqueConstraint(
            "distributor_id", "rule", "as", "window", "n", name=op.f("uq_bonus_distributor_id_rule_as_window_n")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_bonus_distributor_id_at", "bonus", ["distributor_id", "at"], unique=False)
    op.create_index("ix_bonus_order_id", "bonus", ["order_id"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("refunded_qty", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("refunded >= 0 AND refunded <= paid", name=op.f("ck_order_line_refunded_within_paid")),
        sa.CheckConstraint(
            "refunded_qty >= 0 AND refunded_qty <= qty", name=op.f("ck_order_line_refunded_qty_within_qty")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_id", "line", name=op.f("uq_order_line_order_id_line")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "refund",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("refund_no", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_refund_distributor_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refund_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("source", "refund_no", name=op.f("uq_refund_source_refund_no")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_refund_at", "refund", ["at"], unique=False)
    op.create_index("ix_refund_distributor_id_at", "refund", ["distributor_id", "at"], unique=False)
    op.create_index("ix_refund_order_id", "refund", ["order_id"], unique=False)
    op.create_table(
        "reliance",
        sa.Column("order_id", ID, autoincrement=False, nullable=False),
        sa.Column("distributor_id", ID, autoincrement=False, nullable=False),
        sa.Column("paid_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_reliance_distributor_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_reliance_order_id")),
        sa.PrimaryKeyConstraint("order_id", "distributor_id", name=op.f("pk_reliance")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_reliance_distributor_id_paid_at", "reliance", ["distributor_id", "paid_at"], unique=False)
    op.create_table(
        "shipment",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("waybill", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_shipment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("order_id", "carrier", "waybill", name=op.f("uq_shipment_order_id_carrier_waybill")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "skip",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("distributor_id", ID, nullable=True),
        sa.Column("as", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_skip_distributor_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_skip_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skip")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_skip_order_id", "skip", ["order_id"], unique=False)
    op.create_table(
        "statement_line",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_statement_line_distributor_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_statement_line_order_id")),
        sa.ForeignKeyConstraint(["run_id"], ["settlement_run.id"], name=op.f("fk_statement_line_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_line")),
        sa.UniqueConstraint(
            "run_id", "distributor_id", "order_id", name=op.f("uq_statement_line_run_id_distributor_id_order_id")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "coupon_claim",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("coupon_id", ID, nullable=False),
        sa.Column("share_id", ID, nullable=False),
        sa.Column("bonus_id", ID, nullable=True),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["bonus_id"], ["bonus.id"], name=op.f("fk_coupon_claim_bonus_id")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_claim_coupon_id")),
        sa.ForeignKeyConstraint(["share_id"], ["coupon_share.id"], name=op.f("fk_coupon_claim_share_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_claim")),
        sa.UniqueConstraint("bonus_id", name=op.f("uq_coupon_claim_bonus_id")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_claim_code")),
        sa.UniqueConstraint("coupon_id", "holder", "n", name=op.f("uq_coupon_claim_coupon_id_holder_n")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "entitlement",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("bonus_id", ID, nullable=False),
        sa.Column("distributor_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.String(length=128), nullable=False),
        sa.Column("worth", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("note", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["bonus_id"], ["bonus.id"], name=op.f("fk_entitlement_bonus_id")),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributor.id"], name=op.f("fk_entitlement_distributor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement")),
        sa.UniqueConstraint("bonus_id", name=op.f("uq_entitlement_bonus_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_entitlement_distributor_id_state", "entitlement", ["distributor_id", "state"], unique=False)
    op.create_index("ix_entitlement_state_id", "entitlement", ["state", "id"], unique=False)
    op.create_table(
        "coupon_use",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("coupon_id", ID, nullable=True),
        sa.Column("share_id", ID, nullable=True),
        sa.Column("claim_id", ID, nullable=True),
        sa.Column("standing_claim_id", ID, nullable=True),
        sa.Column("buyer_digest", sa.String(length=64), nullable=False),
        sa.Column("buyer_n", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("why", sa.String(length=255), nullable=True),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("returned_at", INSTANT, nullable=True),
        sa.CheckConstraint("reason IS NULL OR standing_claim_id IS NULL", name=op.f("ck_coupon_use_refused_uses_none")),
        sa.ForeignKeyConstraint(["claim_id"], ["coupon_claim.id"], name=op.f("fk_coupon_use_claim_id")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_use_coupon_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_coupon_use_order_id")),
        sa.ForeignKeyConstraint(["share_id"], ["coupon_share.id"], name=op.f("fk_coupon_use_share_id")),
        sa.ForeignKeyConstraint(
            ["standing_claim_id"], ["coupon_claim.id"], name=op.f("fk_coupon_use_standing_claim_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_use")),
        sa.UniqueConstraint(
            "coupon_id", "buyer_digest", "buyer_n", name=op.f("uq_coupon_use_coupon_id_buyer_digest_buyer_n")
        ),
        sa.UniqueConstraint("order_id", name=op.f("uq_coupon_use_order_id")),
        sa.UniqueConstraint("standing_claim_id", name=op.f("uq_coupon_use_standing_claim_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_coupon_use_coupon_id_reason_id", "coupon_use", ["coupon_id", "reason", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("coupon_use")
    op.drop_table("entitlement")
    op.drop_table("coupon_claim")
    op.drop_table("statement_line")
    op.drop_table("skip")
    op.drop_table("shipment")
    op.drop_table("reliance")
    op.drop_table("refund")
    op.drop_table("order_line")
    op.drop_table("bonus")
    op.drop_table("award")
    op.drop_table("orders")
    op.drop_table("group_leadership")
    op.drop_table("rollup_sum")
    op.drop_table("rollup_buyer")
    op.drop_table("ledger_posting")
    op.drop_table("customer_group")
    op.drop_table("customer_event")
    op.drop_table("broadcast_target")
    op.drop_table("withdrawal")
    op.drop_table("window_run")
    op.drop_table("touch")
    op.drop_table("tally")
    op.drop_table("suspension")
    op.drop_table("submission")
    op.drop_table("statement")
    op.drop_table("rollup")
    op.drop_table("push_choice")
    op.drop_table("poster_consent")
    op.drop_table("milestone_mark")
    op.drop_table("link_code")
    op.drop_table("ledger_account")
    op.drop_table("join_way")
    op.drop_table("identity_change")
    op.drop_table("identity")
    op.drop_table("customer_relation")
    op.drop_table("coupon_stock")
    op.drop_table("coupon_share")
    op.drop_table("copy_use")
    op.drop_table("contact_way")
    op.drop_table("broadcast_task")
    op.drop_table("word_exception")
    op.drop_table("window_sum")
    op.drop_table("unknown_phrase")
    op.drop_table("settlement_run")
    op.drop_table("product")
    op.drop_table("plan_version")
    op.drop_table("pause")
    op.drop_table("own_copy")
    op.drop_table("override_record")
    op.drop_table("outbox")
    op.drop_table("operator")
    op.drop_table("media")
    op.drop_table("link_try")
    op.drop_table("ledger_entry")
    op.drop_table("lane")
    op.drop_table("kf_log")
    op.drop_table("job_state")
    op.drop_table("intake_lock")
    op.drop_table("inbox")
    op.drop_table("guest")
    op.drop_table("follower")
    op.drop_table("early_fact")
    op.drop_table("distributor")
    op.drop_table("dialog")
    op.drop_table("customer")
    op.drop_table("coupon")
    op.drop_table("contact_walk")
    op.drop_table("budget")
    op.drop_table("broadcast")
    op.drop_table("api_nonce")
    op.drop_table("announcement")
    op.drop_table("added_word")
    op.drop_table("access_token")
