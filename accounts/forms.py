"""What people send to prove or change who they are."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError

from accounts.mails import send_reset
from accounts.models import User
from accounts.setup import code_is_right


class LoginForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {  # noqa: RUF012 - as Django declares it
        "invalid_login": "This address and password do not belong together.",
        "inactive": "This address and password do not belong together.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autocomplete": "email", "autofocus": True}
        )

    def confirm_login_allowed(self, user: Any) -> None:
        """Only confirmed addresses; said to nobody but who knows the password."""
        super().confirm_login_allowed(user)
        if user.confirmed_at is None:
            raise ValidationError("Please confirm your address first: the link is in your mail.")


class NewAccountForm(forms.Form):
    """An address and a password for it."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        max_length=1000,
        help_text=password_validators_help_text_html(),
    )

    def clean(self) -> dict[str, Any] | None:
        """The password must be good enough for this person."""
        cleaned = super().clean()
        if self.cleaned_data.get("password"):
            try:
                validate_password(
                    self.cleaned_data["password"], User(email=self.cleaned_data.get("email", ""))
                )
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class SetupForm(NewAccountForm):
    """The first account, for whoever can read the server's output."""

    code = forms.CharField(
        label="One-time code",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
        help_text="Footfall printed it when it started.",
    )
    field_order = ("code", "email", "password")

    def clean_code(self) -> str:
        """The code that was printed last."""
        code: str = self.cleaned_data["code"]
        if not code_is_right(code):
            raise ValidationError("This is not the code that was printed last.")
        return code


class ResetForm(PasswordResetForm):
    """Asks for a link to set a new password; says the same whether there is an account or not."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Send the link to the person with this address, if they can log in."""
        for user in User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True):
            send_reset(user)


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A password, twice; whoever got here by a mailed link has proved the address."""


class ProfileForm(forms.ModelForm[User]):
    """What a person may change about themselves."""

    class Meta:
        model = User
        fields = ("name",)
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}  # noqa: RUF012


class DeleteAccountForm(forms.Form):
    """The address once more, so that nobody deletes an account by a slip."""

    email = forms.CharField(
        label="Your e-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        """The address of this account."""
        email: str = self.cleaned_data["email"]
        if email.strip().casefold() != self.user.email.casefold():
            raise ValidationError("This is not the address of this account.")
        return email
