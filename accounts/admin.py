"""People in Django admin: find, invite, activate, send a new link."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.mails import send_invitation, send_reset
from accounts.models import User

admin.site.unregister(Group)


class InvitationForm(forms.ModelForm[User]):
    """Whom to invite; they set their password themselves."""

    class Meta:
        model = User
        fields = ("email", "name", "is_staff")


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """Accounts. A staff member who is no superuser can't touch superusers, nor make one."""

    list_display = ("email", "name", "is_active", "is_staff", "confirmed_at", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "joined_at")
    search_fields = ("email", "name")
    ordering = ("email",)
    list_per_page = 50
    readonly_fields = ("confirmed_at", "last_login", "joined_at")
    fieldsets = (
        (None, {"fields": ("email", "name")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Times", {"fields": ("joined_at", "confirmed_at", "last_login")}),
    )
    filter_horizontal = ("user_permissions",)
    actions = ("activate", "deactivate", "send_links")

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = InvitationForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": self.get_fields(request, obj)}),)
        return super().get_fieldsets(request, obj)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ("email", "name", *(("is_staff",) if _may_give_rights(request) else ()))
        return super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if _may_give_rights(request):
            return fields
        return (*fields, "is_staff", "is_superuser", "user_permissions")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and settings.REGISTRATION != "closed"

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            self._tell(request, sent=int(send_invitation(obj)), asked=1)

    @admin.action(description="Activate the selected accounts", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let these people log in."""
        changed = _touchable(request, queryset).update(is_active=True)
        self.message_user(request, f"{changed} accounts are active.")

    @admin.action(description="Deactivate the selected accounts", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let these people log in no more; oneself is left alone."""
        others = _touchable(request, queryset).exclude(email=str(request.user))
        self.message_user(request, f"{others.update(is_active=False)} accounts are not active.")

    @admin.action(description="Mail a link to set a password", permissions=["change"])
    def send_links(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """A reset for those who have a password, the invitation again for those who have none."""
        people = list(_touchable(request, queryset).filter(is_active=True))
        sent = sum(
            send_reset(user) if user.has_usable_password() else send_invitation(user)
            for user in people
        )
        self._tell(request, sent=sent, asked=len(people))

    def _tell(self, request: HttpRequest, *, sent: int, asked: int) -> None:
        level = messages.SUCCESS if sent == asked else messages.ERROR
        self.message_user(request, f"{sent} of {asked} mails were sent.", level)


def _may_give_rights(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or _may_give_rights(request)


def _touchable(request: HttpRequest, users: QuerySet[User]) -> QuerySet[User]:
    return users if _may_give_rights(request) else users.filter(is_superuser=False)
