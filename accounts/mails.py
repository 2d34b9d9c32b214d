"""Mails to people: one template each, its first line the subject."""

import logging
import smtplib

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.models import User

logger = logging.getLogger("accounts")

CONFIRMATION_SALT = "accounts.confirmation"
CONFIRMATION_MAX_AGE_SECONDS = 3 * 24 * 3600


def send_invitation(user: User) -> bool:
    """Ask somebody who has been invited to set a password; False if the mail could not go out."""
    return _send(
        "invitation", user.email, reverse("accounts:invitation", args=_uid_and_token(user))
    )


def send_reset(user: User) -> bool:
    """Send the link with which a new password is set; False if the mail could not go out."""
    path = reverse("accounts:password_reset_confirm", args=_uid_and_token(user))
    return _send("password_reset", user.email, path)


def send_confirmation(user: User) -> bool:
    """Send the link that proves that the address is theirs; False if it could not go out."""
    token = signing.dumps([user.pk, user.email], salt=CONFIRMATION_SALT)
    return _send("confirmation", user.email, reverse("accounts:confirm", args=[token]))


def send_already_registered(user: User) -> bool:
    """Tell the holder of an account that somebody registered with their address."""
    return _send("already_registered", user.email, reverse("accounts:password_reset"))


def confirmed_user(token: str) -> User | None:
    """The person whose confirmation link this is; None for a forged, old or outdated one."""
    try:
        pk, email = signing.loads(
            token, salt=CONFIRMATION_SALT, max_age=CONFIRMATION_MAX_AGE_SECONDS
        )
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, email=email, is_active=True).first()


def invited_user(uid: str, token: str) -> User | None:
    """The person whose invitation link this is; None once it has been used, or is none."""
    try:
        user = User.objects.get(pk=urlsafe_base64_decode(uid).decode(), is_active=True)
    except (User.DoesNotExist, ValueError, OverflowError):
        return None
    return user if default_token_generator.check_token(user, token) else None


def _uid_and_token(user: User) -> list[str]:
    return [
        urlsafe_base64_encode(force_bytes(user.pk)),
        default_token_generator.make_token(user),
    ]


def _send(template: str, address: str, path: str) -> bool:
    context = {"link": settings.BASE_URL + path, "base_url": settings.BASE_URL, "email": address}
    text = render_to_string(f"emails/{template}.txt", context)
    subject, _, body = text.partition("\n")
    try:
        EmailMessage(subject, body.lstrip(), to=[address]).send()
    except (smtplib.SMTPException, OSError):
        logger.exception("The mail %r could not be sent", template)
        return False
    return True
