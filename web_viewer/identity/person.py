"""Who asks, and what the claims of an identity provider make of somebody. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from study.access import ALL_ROLES, Role, RoleMap

LONGEST_NAME = 64  # characters; a component group of PS3.5 PN
_NOT_IN_A_NAME = re.compile(r"[\\=^\x00-\x1f\x7f]+")


class Person(NamedTuple):
    """Somebody at the viewer.

    Attributes
    ----------
    subject
        What the login knows them by; empty where none is asked for.
    name
        As it stands under a report (PS3.5 PN); empty where it is typed there.
    roles
        What they may do.
    how
        What vouches for them.
    session
        Key of the session, where there is one; never shown.
    """

    subject: str
    name: str
    roles: frozenset[Role]
    how: Literal["loopback", "password", "openid", "smart"]
    session: str = ""

    def may(self, role: Role) -> bool:
        """Return whether they have `role`; whoever may sign may read."""
        return role in self.roles or (role is Role.READER and Role.SIGNER in self.roles)


NOBODY_IN_PARTICULAR = Person("", "", ALL_ROLES, "loopback")


def roles_of(claims: Mapping[str, Any], path: str, meanings: RoleMap) -> frozenset[Role]:
    """Return the roles that a claim gives.

    Parameters
    ----------
    path
        Name of the claim; dots lead into objects, where no claim bears the whole name.
    meanings
        What its values mean; a value that is the name of a role means that role.
    """
    given = {str(each) for each in _listed(_found(claims, path))}
    by_name = {role for role in Role if role in given}
    return frozenset(by_name | {role for value, role in meanings if value in given})


def person_name(claims: Mapping[str, Any]) -> str:
    """Return a person's name as DICOM writes it: family name, then given name (PS3.5 section 6.2.1)."""
    family, given = (_clean(claims.get(each)) for each in ("family_name", "given_name"))
    if family:
        return f"{family}^{given}".rstrip("^")[:LONGEST_NAME]
    for claim in ("name", "preferred_username", "email", "sub"):
        name = _clean(claims.get(claim))
        if name:
            return name[:LONGEST_NAME]
    return ""


def _found(claims: Mapping[str, Any], path: str) -> Any:
    if path in claims:  # a claim may be a URL, with dots of its own
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return list(value) if isinstance(value, (list, tuple)) else []


def _clean(value: Any) -> str:
    return _NOT_IN_A_NAME.sub(" ", value).strip() if isinstance(value, str) else ""
