"""Pages of people: in, out, and what is theirs."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth import views as auth
from django.contrib.auth.hashers import make_password
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.timezone import now
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView, UpdateView

from accounts import mails
from accounts.forms import (
    DeleteAccountForm,
    LoginForm,
    NewAccountForm,
    NewPasswordForm,
    ProfileForm,
    ResetForm,
    SetupForm,
)
from accounts.models import User
from accounts.setup import make_first_account
from accounts.throttle import is_over_limit

BACKEND = "django.contrib.auth.backends.ModelBackend"


class ThrottledMixin:
    """Refuses a form that was sent too often: by one client, or for one account."""

    throttle_group: str
    account_field = "email"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        account = request.POST.get(self.account_field, "")
        if is_over_limit(request, self.throttle_group, account):
            return HttpResponse(status=429, headers={"Retry-After": "300"})
        return super().post(request, *args, **kwargs)  # type: ignore[misc, no-any-return]


class ForStrangersMixin:
    """Sends those who are logged in to their sites."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]


class LoginView(ThrottledMixin, ForStrangersMixin, auth.LoginView):
    """Log in, and go where one wanted to."""

    form_class = LoginForm
    template_name = "accounts/login.html"
    throttle_group = "login"
    account_field = "username"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_open = settings.REGISTRATION == "open"
        return super().get_context_data(**kwargs, registration_is_open=is_open)


class LogoutView(auth.LogoutView):
    """Log out; the browser forgets what it kept of the pages."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class RegisterView(ThrottledMixin, ForStrangersMixin, FormView[NewAccountForm]):
    """Make an account, where that is open to everybody."""

    form_class = NewAccountForm
    template_name = "accounts/register.html"
    throttle_group = "register"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.REGISTRATION != "open":
            raise Http404("Registration is not open.")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: NewAccountForm) -> HttpResponse:
        # What is said and what it costs do not tell whether there was an account already.
        email, password = form.cleaned_data["email"], form.cleaned_data["password"]
        known = User.objects.filter(email__iexact=email).first()
        if known is None:
            try:
                mails.send_confirmation(User.objects.create_user(email, password))
            except IntegrityError:
                return redirect("accounts:register_done")
        else:
            make_password(password)
            mails.send_already_registered(known)
        return redirect("accounts:register_done")


class RegisterDoneView(TemplateView):
    """Says that a mail is on its way."""

    template_name = "accounts/register_done.html"


class ConfirmView(TemplateView):
    """The mailed link that proves an address; a button does it, so that mail scanners don't."""

    template_name = "accounts/confirm.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, person=mails.confirmed_user(kwargs["token"]))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        user = mails.confirmed_user(token)
        if user is None:
            return self.get(request, token=token)
        if user.confirmed_at is None:
            user.confirmed_at = now()
            user.save(update_fields=["confirmed_at"])
        messages.success(request, "Thank you, your address is confirmed. You can log in now.")
        return redirect("accounts:login")


class InvitationView(FormView[NewPasswordForm]):
    """The mailed link of an invitation: set a password, and be logged in."""

    form_class = NewPasswordForm
    template_name = "accounts/invitation.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.person = mails.invited_user(kwargs["uid"], kwargs["token"])
        if self.person is None:
            return self.render_to_response({"person": None, "form": None}, status=404)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.person}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, person=self.person)

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        user = form.save()
        user.confirmed_at = user.confirmed_at or now()
        user.save(update_fields=["confirmed_at"])
        login(self.request, user, backend=BACKEND)
        return redirect(settings.LOGIN_REDIRECT_URL)


class SetupView(ThrottledMixin, FormView[SetupForm]):
    """Make the first account, with the code that the server printed."""

    form_class = SetupForm
    template_name = "accounts/setup.html"
    throttle_group = "setup"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if User.objects.exists():
            return redirect("accounts:login")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SetupForm) -> HttpResponse:
        user = make_first_account(form.cleaned_data["email"], form.cleaned_data["password"])
        if user is None:
            return redirect("accounts:login")
        login(self.request, user, backend=BACKEND)
        messages.success(self.request, "Welcome. Add your first site below.")
        return redirect(settings.LOGIN_REDIRECT_URL)


class ProfileView(LoginRequiredMixin, UpdateView[User, ProfileForm]):
    """One's own account."""

    form_class = ProfileForm
    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:profile")

    def get_object(self, queryset: Any = None) -> User:
        user = self.request.user
        assert not isinstance(user, AnonymousUser)  # noqa: S101 - LoginRequiredMixin saw to it
        return user

    def form_valid(self, form: ProfileForm) -> HttpResponse:
        messages.success(self.request, "Saved.")
        return super().form_valid(form)


class DeleteAccountView(ThrottledMixin, LoginRequiredMixin, FormView[DeleteAccountForm]):
    """Delete one's account with its sites and all their numbers."""

    form_class = DeleteAccountForm
    template_name = "accounts/delete.html"
    throttle_group = "delete"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def form_valid(self, form: DeleteAccountForm) -> HttpResponse:
        user = form.user
        logout(self.request)
        user.delete()
        messages.success(self.request, "Your account and its sites are deleted.")
        return redirect("accounts:login")


class PasswordChangeView(auth.PasswordChangeView):
    """A new password for those who know the old one."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("accounts:profile")

    def form_valid(self, form: BaseForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)


class PasswordResetView(ThrottledMixin, auth.PasswordResetView):
    """Ask for a link to set a new password."""

    form_class = ResetForm
    template_name = "accounts/password_reset.html"
    success_url = reverse_lazy("accounts:password_reset_done")
    throttle_group = "reset"


class PasswordResetDoneView(auth.PasswordResetDoneView):
    """Says that a mail is on its way, if there is such an account."""

    template_name = "accounts/password_reset_done.html"


class PasswordResetConfirmView(auth.PasswordResetConfirmView):
    """The mailed link: set a new password."""

    form_class = NewPasswordForm
    template_name = "accounts/password_reset_confirm.html"
    success_url = reverse_lazy("accounts:login")

    def form_valid(self, form: Any) -> HttpResponse:
        if form.user.confirmed_at is None:
            form.user.confirmed_at = now()
        messages.success(self.request, "Your new password is set. You can log in now.")
        return super().form_valid(form)
