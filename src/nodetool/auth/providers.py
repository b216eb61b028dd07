"""Which provider a server has."""

import time
from typing import Literal

from nodetool.auth.local import LocalProvider
from nodetool.auth.none import NoProvider
from nodetool.auth.port import Provider
from nodetool.auth.static import StaticProvider
from nodetool.protocol.errors import MissingExtra

Name = Literal["none", "local", "static", "supabase"]


def static(token: str) -> Provider:
    return StaticProvider(token)


def without_tokens(name: Name) -> Provider:
    """Return the provider of a server that asks nobody."""
    return NoProvider() if name == "none" else LocalProvider()


def supabase(*, url: str, secret: str, audience: str, cache_seconds: float) -> Provider:
    """Return the provider of a Supabase project. Raises MissingExtra."""
    try:
        from nodetool.auth.supabase import Project, SupabaseProvider
    except ImportError as error:
        raise MissingExtra("--auth-provider supabase needs: pip install 'nodetool[supabase]'") from error
    project = Project(url=url, secret=secret, audience=audience, cache_seconds=cache_seconds)
    return SupabaseProvider(project, now=time.monotonic)
