"""The few pages that somebody sees who is not in yet: plain HTML, in both languages at once."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="dark light"><title>Kidray</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/login.css"></head>
<body><main><p class="brand">Kidray</p><h1>{title}</h1><p>{sentence}</p>
<p lang="ko">{korean}</p>{action}</main></body></html>
"""
_ACTION = '<p><a class="button" href="{address}">Log in · <span lang="ko">로그인</span></a></p>'


def login_page(
    title: str, sentence: str, korean: str, *, status: int = 200, again: str | None = "/login"
) -> HTMLResponse:
    """Return a page that says one thing.

    Parameters
    ----------
    again
        Where its button leads; None: it has none.
    """
    action = "" if again is None else _ACTION.format(address=escape(again))
    text = _PAGE.format(title=escape(title), sentence=escape(sentence), korean=escape(korean), action=action)
    return HTMLResponse(text, status)


_FORM = """<form method="post" action="/login/password">{trouble}
<input type="hidden" name="next" value="{after}">
<label>Login · <span lang="ko">아이디</span>
<input name="login" value="{login}" autocomplete="username" required{focus_login}></label>
<label>Password · <span lang="ko">비밀번호</span>
<input name="password" type="password" autocomplete="current-password" required{focus_password}></label>
<button class="button">Log in · <span lang="ko">로그인</span></button></form>"""


def password_page(after: str, *, login: str = "", trouble: str = "", status: int = 200) -> HTMLResponse:
    """Return the page that asks for login and password, again where there was trouble.

    Parameters
    ----------
    after
        Where whoever is in is led; one of our own pages.
    """
    told = (
        f'<p role="alert">{escape(trouble[:1].upper() + trouble[1:])}. '
        '<span lang="ko">로그인하지 못했습니다.</span></p>'
        if trouble
        else ""
    )
    form = _FORM.format(
        trouble=told,
        after=escape(after),
        login=escape(login),
        focus_login="" if login else " autofocus",
        focus_password=" autofocus" if login else "",
    )
    text = _PAGE.format(
        title="Log in",
        sentence="Trained on synthetic phantoms, not for clinical use.",
        korean="합성 팬텀으로 학습됨, 임상용 아님.",
        action=form,
    )
    # Without a referrer browsers send a form with `Origin: null` (Fetch, 3.2), which is not our own page.
    return HTMLResponse(text, status, {"Referrer-Policy": "same-origin"})


def refused(reason: str, *, status: int, again: str | None = "/login") -> HTMLResponse:
    """Return the page of somebody who could not log in, with the reason."""
    return login_page(
        "You are not logged in",
        f"{reason[:1].upper()}{reason[1:]}.",
        "로그인하지 못했습니다.",
        status=status,
        again=again,
    )


def without_role(name: str) -> HTMLResponse:
    """Return the page of somebody whom the provider knows, and who may do nothing here."""
    return login_page(
        "Nothing here is open to you",
        f"You are known as {name.replace('^', ' ')}, but none of your groups has a role in Kidray. "
        "Whoever runs it can give one.",
        "로그인되었지만 Kidray에서 부여된 역할이 없습니다. 관리자에게 문의하세요.",
        status=403,
        again=None,
    )


def logged_out() -> HTMLResponse:
    """Return the page that stands after a logout."""
    return login_page(
        "You are logged out", "This window can be closed.", "로그아웃되었습니다. 창을 닫아도 됩니다."
    )
