"""Teams and their tokens. A token is shown once; the database holds its name and the sha256 of its secret.

The secret has 256 random bits, so there is nothing to guess and a plain hash hides it.
"""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from unicodedata import normalize

from sqlalchemy import select
from sqlalchemy.orm import Session

from ....errors import InputError
from ...submission.card import plain_name
from ...submission.names import looks, own_name
from .audit import record
from .models import Team, Token

ROLES = ("team", "host")
_FORM = re.compile(r"whence_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


@dataclass(frozen=True)
class Account:
    """Who a request comes from."""

    id: int
    name: str
    role: str

    @property
    def is_host(self) -> bool:
        """Whether it is the host of the board."""
        return self.role == "host"


def issue_token(session: Session, name: str, role: str | None = None) -> str:
    """Return a new token for the team `name`, which is made if there is none; raises InputError.

    `role` is "team" (the default) or "host" and cannot be changed later.
    """
    name = _checked(name)
    team = session.scalar(select(Team).where(Team.name == name))
    if team is None:
        _check_looks(session, name)
        team = _new_team(name, role or "team")
        session.add(team)
        session.flush()
    elif role not in (None, team.role):
        raise InputError(f"{name!r} is a {team.role}, not a {role}: choose another name")
    handle, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    session.add(Token(team_id=team.id, name=handle, digest=_digest(secret), created=time.time()))
    record(session, "token issued", handle, team=name)
    return f"whence_{handle}_{secret}"


def _check_looks(session: Session, name: str) -> None:
    """Raise InputError where the name of a new team imitates another, or a row of the board."""
    try:
        own_name(name)
    except ValueError as error:
        raise InputError(f"team {name!a}: {error}") from None
    for other in session.scalars(select(Team.name)):
        if looks(other) == looks(name):
            raise InputError(f"team {name!a}: it looks like the team {other!a}; choose another name")


def _new_team(name: str, role: str) -> Team:
    if role not in ROLES:
        raise InputError(f"role {role!r}: expected {' or '.join(ROLES)}")
    return Team(name=name, role=role, created=time.time())


def _checked(name: str) -> str:
    """Return the name of a team as it is stored; raises InputError."""
    try:
        name = plain_name(name)
    except ValueError as error:
        raise InputError(f"team {name!a}: {error}") from None
    if not 1 <= len(name) <= 80:
        raise InputError(f"team {name!r}: expected 1 to 80 characters")
    return name


def revoke(session: Session, name: str) -> int:
    """Revoke the token called `name` (or given whole), or all tokens of the team `name`; return how many.

    Raises InputError where there is nothing to revoke.
    """
    whole = _FORM.fullmatch(name)
    handle = whole[1] if whole else normalize("NFC", name)
    found = session.scalars(
        select(Token).join(Team).where(Token.revoked.is_(None), (Token.name == handle) | (Team.name == handle))
    ).all()
    if not found:
        raise InputError(f"{handle!r} is neither a team with a token nor the name of a token that is not yet revoked")
    for token in found:
        token.revoked = time.time()
        record(session, "token revoked", token.name, team=token.team.name)
    return len(found)


def authenticate(session: Session, text: str) -> Account | None:
    """Return the account of the token `text`, None for one that is unknown, damaged or revoked.

    Secrets are compared in constant time, also where there is none of that name.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    token = session.scalar(select(Token).where(Token.name == form[1]))
    same = hmac.compare_digest(_digest(form[2]), token.digest if token else _NOBODY)
    if token is None or not same or token.revoked is not None:
        return None
    return Account(token.team.id, token.team.name, token.team.role)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
