"""A person's yes or no to his name on his posters, as he says it in the chat.

Source   compliance.md §3, WX-4: nickname and portrait need a recorded consent; it can be taken back at any time
"""

from __future__ import annotations

import re

# The version of the words in which consent is asked (`poster.ask_name` of assets/messages); a change of theirs is a new
# version, because a record must tell what somebody said yes to.
WORDING = "2026-11-22"

_NAME = r"(?:我|自己|本人)?的?(?:名字|名称|昵称|姓名)"
_POSTER = r"(?:以后)?(?:我|我的|推广|那张|这张)*(?:海报|图|图片|推广图)(?:上面?|里面?|中)?(?:就|都|还是|再|可以)?"
_NO = r"(?:不要|不用|不想|不许|不再|不能|不|别|勿|去掉|去除|删掉|删除|拿掉|取消|隐藏|撤回)(?:再|给我)?"
_WRITE = r"(?:写上|写|带上|带|放上|放|加上|加|显示|出现|印上|印|用|有)?"
_END = r"(?:了|吧|呀|啊|哈|哦|谢谢|上去|进去|在上面)*[。.!！~～]*"
_WITHDRAWS = re.compile(
    rf"(?:请|麻烦|帮我|把)?(?:{_POSTER}{_NO}{_WRITE}{_NAME}|{_NO}(?:在|把)?{_POSTER}的?{_WRITE}{_NAME}|"
    rf"(?:把)?{_POSTER}的?{_NAME}{_NO}{_WRITE}){_END}"
)
_GIVES = re.compile(
    rf"(?:请|麻烦|帮我|可以|同意|好的?，?)?(?:在|把)?(?:{_POSTER}(?:要|请|帮我|可以)?"
    rf"(?:写上|写|带上|带|放上|放|加上|加|显示|印上|印|用){_NAME}|{_NAME}(?:写|放|加|印)(?:在|到|进)?{_POSTER}){_END}"
)


def naming_of(text: str) -> bool | None:
    """True: write my name on posters; False: do not; None: it speaks of something else."""
    said = re.sub(r"[\s「」『』“”\"'，,、：:]+", "", text.strip())
    if len(said) > 24:
        return None
    if _WITHDRAWS.fullmatch(said):
        return False
    return True if _GIVES.fullmatch(said) else None
