"""The first account of an instance, and the one-time code that guards it."""

import hashlib
import hmac
import os
import secrets

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import User

CODE_BYTES = 10


def ensure_first_account() -> str | None:
    """Make the first account if its address and password are set, or else a one-time code.

    Returns the code, which is kept only as a hash and replaces any earlier one; None when there
    is an account. Raises ImproperlyConfigured when what is set can't be an account.
    """
    if User.objects.exists():
        settings.SETUP_CODE_PATH.unlink(missing_ok=True)
        return None
    email, password = settings.FOOTFALL_ADMIN_EMAIL, settings.FOOTFALL_ADMIN_PASSWORD
    if email or password:
        try:
            validate_email(email)
            validate_password(password, User(email=email))
        except ValidationError as error:
            problem = "FOOTFALL_ADMIN_EMAIL, FOOTFALL_ADMIN_PASSWORD: " + " ".join(error.messages)
            raise ImproperlyConfigured(problem) from error
        User.objects.create_superuser(email, password)
        return None
    code = secrets.token_hex(CODE_BYTES)
    descriptor = os.open(settings.SETUP_CODE_PATH, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_hashed(code))
    return code


def code_is_right(code: str) -> bool:
    """Whether this is the one-time code that was printed last."""
    try:
        kept = settings.SETUP_CODE_PATH.read_text()
    except FileNotFoundError:
        return False
    return hmac.compare_digest(kept, _hashed(code.strip()))


def make_first_account(email: str, password: str) -> User | None:
    """Make the superuser and use up the code; None if somebody else was quicker."""
    with transaction.atomic():
        # SQLite's transaction is exclusive from its beginning: two can't both find no account.
        if User.objects.exists():
            return None
        user = User.objects.create_superuser(email, password)
    settings.SETUP_CODE_PATH.unlink(missing_ok=True)
    return user


def _hashed(code: str) -> str:
    # The code is random and long: a slow hash would add nothing.
    return hashlib.sha256(code.encode()).hexdigest()
