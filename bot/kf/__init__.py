"""微信客服's wire: its log of messages and events, and the calls of one service account. Envelopes, HTTP and tokens are
WeCom's; its knocks come to the app's callback.

errors    errcode → what to do about it
client    the calls that we make
inbound   a knock; an item of the log → `domain.conversation.Inbound`
puller    reads the log: once, in order, by one process at a time
commands  `flask kf …`
doctor    what `flask doctor` looks at
wiring    all of it from the settings' values
"""
