"""WeChat Work's wire: the only package that knows what WeCom sends and takes.

crypto   envelopes of the callback: verify, open, seal
xml      XML without DTD, read into a flat mapping
inbound  a decrypted callback → `domain.conversation.Inbound`
passive  the answer of a callback
errors   one table: errcode → what to do about it
wire     HTTP with deadlines; secrets never reach a log
token    the access token, fetched by one process for all
client   the calls that we make
menu     the app's menu
"""
