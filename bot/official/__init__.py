"""The 公众号's wire: what WeChat sends and takes for a service account. Envelopes, XML, HTTP and tokens are WeCom's.

callback  the GET by which the address is verified
inbound   a decrypted callback → `domain.conversation.Inbound`
errors    errcode → what to do about it
client    the calls that we make; the stable token
template  a notice → the fields of a template message
menu      the account's menu
commands  `flask official …`
doctor    what `flask doctor` looks at
"""
