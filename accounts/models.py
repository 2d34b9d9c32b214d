"""People: an account is an e-mail address and a password."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Finds and makes accounts; addresses are compared without regard to case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The account with this address; raises User.DoesNotExist."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make an account; one without a password can't log in until it has set one."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make an account that may do everything in admin, its address taken as confirmed."""
        fields = {"is_staff": True, "is_superuser": True, "confirmed_at": timezone.now()} | fields
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can log in, known by the e-mail address."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField(
        "staff", default=False, help_text="May sign in to the administration."
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="May sign in; switch off instead of deleting."
    )
    confirmed_at = models.DateTimeField("address confirmed", null=True, blank=True, editable=False)
    joined_at = models.DateTimeField("joined", default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email_any_case",
                violation_error_message="There is an account with this address already.",
            ),
        )

    def __str__(self) -> str:
        return self.email
