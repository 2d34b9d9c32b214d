"""Accounts, as people meet them."""

import re
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.setup import ensure_first_account, make_first_account
from tracking.models import Site
from tracking.tests.factories import SiteFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
NEW_PASSWORD = "a quiet morning walk"
LOGIN = "/accounts/login/"


@pytest.fixture
def user() -> Any:
    return UserFactory(email="Owner@example.org")


def log_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post(LOGIN, {"username": email, "password": password, **more})


def link_in_mail(text: str) -> str:
    found = re.search(r"http://localhost:8000(/accounts/\S+)", text)
    assert found
    return found[1]


@pytest.mark.parametrize("email", ["Owner@example.org", "owner@EXAMPLE.org"])
def test_people_log_in_whatever_the_case_of_their_address(
    client: Client, user: Any, email: str
) -> None:
    answer = log_in(client, email)

    assert answer.headers["Location"] == "/sites/"
    assert client.get("/sites/").status_code == 200


def test_people_land_where_they_wanted_but_never_elsewhere(client: Client, user: Any) -> None:
    assert log_in(client, user.email, next="/accounts/").headers["Location"] == "/accounts/"
    client.logout()
    for place in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        assert log_in(client, user.email, next=place).headers["Location"] == "/sites/"
        client.logout()


def test_those_who_are_in_go_to_their_sites_and_out_goes_to_the_login(
    client: Client, user: Any
) -> None:
    client.force_login(user)
    assert client.get(LOGIN, {"next": "/admin/"}).headers["Location"] == "/sites/"
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_at_the_same_cost(
    client: Client, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode

    def counted(self: Any, password: str, *args: Any) -> str:
        hashed.append(password)
        result: str = encode(self, password, *args)
        return result

    monkeypatch.setattr(hasher, "encode", counted)
    answers, costs = [], []
    inactive = UserFactory(is_active=False)
    for email, password in (
        (user.email, "wrong"),
        ("nobody@example.org", "wrong"),
        (inactive.email, PASSWORD),
    ):
        hashed.clear()
        text = log_in(client, email, password).content.decode()
        answers.append(re.findall(r"<li>(.*)</li>", text))
        costs.append(len(hashed))

    assert answers == [["This address and password do not belong together."]] * 3
    assert costs[0] == costs[1] > 0


def test_an_unconfirmed_address_is_said_only_to_who_knows_the_password(client: Client) -> None:
    user = UserFactory(confirmed_at=None)

    assert "confirm your address" in log_in(client, user.email).content.decode()
    assert "confirm your address" not in log_in(client, user.email, "wrong").content.decode()


def test_the_eleventh_try_at_an_account_is_refused_and_another_account_is_not(
    client: Client, user: Any
) -> None:
    statuses = [log_in(client, user.email.upper(), "wrong").status_code for _ in range(11)]

    assert statuses == [200] * 10 + [429]
    assert log_in(client, user.email).status_code == 429
    assert log_in(client, UserFactory().email).status_code == 302


def test_the_31st_try_from_an_address_is_refused(client: Client, user: Any) -> None:
    statuses = {log_in(client, f"{n}@example.org", "wrong").status_code for n in range(30)}
    refused = log_in(client, "31@example.org", "wrong")

    assert statuses == {200}
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
    assert "Too many tries" in refused.content.decode()


@pytest.mark.parametrize("registration", ["invited", "closed"])
def test_nobody_registers_where_it_is_not_open(
    client: Client, user: Any, settings: Settings, registration: str
) -> None:
    settings.REGISTRATION = registration
    assert client.get("/accounts/register/").status_code == 404


def test_registering_confirming_and_logging_in(
    client: Client, user: Any, settings: Settings
) -> None:
    settings.REGISTRATION = "open"
    form = {"email": "new@example.org", "password": NEW_PASSWORD}
    assert client.get("/accounts/register/").status_code == 200
    answer = client.post("/accounts/register/", form, follow=True)
    assert "sent you a link" in answer.content.decode()
    assert log_in(client, "new@example.org", NEW_PASSWORD).status_code == 200

    link = link_in_mail(str(mail.outbox[0].body))
    assert "Is <strong>new@example.org</strong> your address?" in client.get(link).content.decode()
    assert log_in(client, "new@example.org", NEW_PASSWORD).status_code == 200
    for _ in range(2):
        assert client.post(link).headers["Location"] == LOGIN
    assert log_in(client, "new@example.org", NEW_PASSWORD).headers["Location"] == "/sites/"


def test_a_forged_confirmation_confirms_nobody(client: Client, user: Any) -> None:
    for answer in (client.get("/accounts/confirm/x/"), client.post("/accounts/confirm/x/")):
        assert "not valid any more" in answer.content.decode()


def test_registering_with_a_taken_address_looks_the_same_and_tells_its_holder(
    client: Client, user: Any, settings: Settings
) -> None:
    settings.REGISTRATION = "open"
    form = {"email": user.email.lower(), "password": NEW_PASSWORD}
    answer = client.post("/accounts/register/", form)

    assert answer.headers["Location"] == "/accounts/register/done/"
    assert mail.outbox[0].to == [user.email]
    assert "have an account" in mail.outbox[0].subject
    assert User.objects.count() == 1


def test_a_weak_password_is_refused(client: Client, user: Any, settings: Settings) -> None:
    settings.REGISTRATION = "open"
    for password in ("short", "12345678901", "password", "new@example.org"):
        form = {"email": "new@example.org", "password": password}
        assert client.post("/accounts/register/", form).status_code == 200
    assert User.objects.count() == 1


def test_a_forgotten_password_is_set_anew_once(client: Client, user: Any) -> None:
    client.post("/accounts/reset/", {"email": user.email.upper()})
    link = link_in_mail(str(mail.outbox[0].body))
    page = client.get(link, follow=True)
    form = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], form)

    assert log_in(client, user.email, NEW_PASSWORD).headers["Location"] == "/sites/"
    client.logout()
    assert "not valid any more" in client.get(link, follow=True).content.decode()


def test_a_reset_for_an_unknown_address_says_the_same_and_mails_nobody(
    client: Client, user: Any
) -> None:
    answer = client.post("/accounts/reset/", {"email": "nobody@example.org"}, follow=True)

    assert "If there is an account" in answer.content.decode()
    assert mail.outbox == []


def test_a_reset_by_mail_also_confirms_the_address(client: Client) -> None:
    user = UserFactory(confirmed_at=None)
    client.post("/accounts/reset/", {"email": user.email})
    page = client.get(link_in_mail(str(mail.outbox[0].body)), follow=True)
    form = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], form)

    user.refresh_from_db()
    assert user.confirmed_at is not None


def test_a_mail_that_cannot_be_sent_breaks_nothing(
    client: Client, user: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_self: EmailMessage) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", refuse)
    answer = client.post("/accounts/reset/", {"email": user.email})

    assert answer.status_code == 302
    assert "could not be sent" in caplog.text


def test_one_changes_name_and_password(client: Client, user: Any) -> None:
    client.force_login(user)
    client.post("/accounts/", {"name": "Somebody", "email": "x@example.org", "is_staff": "on"})
    user.refresh_from_db()
    assert (user.name, user.email, user.is_staff) == ("Somebody", "Owner@example.org", False)
    form = {
        "old_password": PASSWORD,
        "new_password1": NEW_PASSWORD,
        "new_password2": NEW_PASSWORD,
    }
    assert client.post("/accounts/password/", form).headers["Location"] == "/accounts/"
    client.logout()
    assert log_in(client, user.email, NEW_PASSWORD).status_code == 302


def test_an_account_goes_with_its_sites_once_the_address_is_retyped(client: Client) -> None:
    site = SiteFactory()
    client.force_login(site.owner)
    assert client.get("/accounts/delete/").status_code == 200
    answer = client.post("/accounts/delete/", {"email": "other@example.org"})
    assert "not the address of this account" in answer.content.decode()
    assert Site.objects.exists()

    client.post("/accounts/delete/", {"email": site.owner.email.upper()})
    assert not Site.objects.exists()
    assert not User.objects.exists()


def test_account_pages_ask_strangers_to_log_in(client: Client, user: Any) -> None:
    for path in ("/accounts/", "/accounts/delete/", "/accounts/password/"):
        assert client.get(path).headers["Location"] == f"{LOGIN}?next={path}"


@pytest.fixture
def staff(client: Client) -> Any:
    person = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(person)
    return person


def test_staff_invite_somebody_who_sets_a_password_and_is_in(client: Client, staff: Any) -> None:
    assert "is_staff" in client.get("/admin/accounts/user/add/").content.decode()
    client.post("/admin/accounts/user/add/", {"email": "new@example.org", "name": ""})
    link = link_in_mail(str(mail.outbox[0].body))
    invited = Client()
    assert "new@example.org" in invited.get(link).content.decode()
    form = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert invited.post(link, form).headers["Location"] == "/sites/"
    assert invited.get("/sites/").status_code == 200

    again = Client().get(link)
    assert (again.status_code, "has been used" in again.content.decode()) == (404, True)
    assert Client().get("/accounts/invitation/x/y/").status_code == 404


def test_where_registration_is_closed_nobody_is_invited(
    client: Client, staff: Any, settings: Settings
) -> None:
    settings.REGISTRATION = "closed"
    assert client.get("/admin/accounts/user/add/").status_code == 403


def test_admin_finds_activates_and_mails_links(client: Client, staff: Any) -> None:
    ready, waiting = UserFactory(), UserFactory(is_active=False)
    unready = User.objects.create_user("unready@example.org")
    url = reverse("admin:accounts_user_changelist")

    def act(action: str, *people: Any) -> None:
        client.post(url, {"action": action, "_selected_action": [one.pk for one in people]})

    found = client.get(url, {"q": ready.email}).content.decode()
    assert ready.email in found
    assert unready.email not in found
    act("activate", waiting)
    act("deactivate", ready, staff)
    assert set(User.objects.filter(is_active=False)) == {ready}
    act("send_links", unready, waiting, ready)
    assert [one.subject.split()[0] for one in mail.outbox] == ["A", "You"]


def test_staff_without_all_rights_cannot_touch_or_make_superusers(client: Client) -> None:
    boss, person = UserFactory(is_superuser=True), UserFactory()
    helper = UserFactory(is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    client.force_login(helper)
    change = "admin:accounts_user_change"

    page = client.get(reverse(change, args=[person.pk])).content.decode()
    assert 'name="is_superuser"' not in page
    client.post(reverse(change, args=[person.pk]), {"email": person.email, "is_superuser": "on"})
    person.refresh_from_db()
    assert not person.is_superuser
    assert client.post(reverse(change, args=[boss.pk]), {"email": "x@x.org"}).status_code == 403
    assert client.post(reverse("admin:accounts_user_delete", args=[boss.pk])).status_code == 403
    client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "deactivate", "_selected_action": [boss.pk]},
    )
    boss.refresh_from_db()
    assert boss.is_active
    assert 'name="is_staff"' not in client.get("/admin/accounts/user/add/").content.decode()


def test_the_list_of_people_costs_the_same_for_few_and_many(
    client: Client, staff: Any, django_assert_num_queries: Any
) -> None:
    url = reverse("admin:accounts_user_changelist")
    client.get(url)
    for more in (1, 30):
        UserFactory.create_batch(more)
        with django_assert_num_queries(5):
            client.get(url)


def test_admins_login_is_the_one_with_the_throttle(client: Client, user: Any) -> None:
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0] == f"{LOGIN}?next=%2Fadmin%2F" or answer.redirect_chain[-1][
        0
    ].startswith(LOGIN)
    client.force_login(user)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/sites/"


def test_with_no_account_every_page_leads_to_the_first_one(client: Client) -> None:
    code = ensure_first_account()
    assert code
    assert client.get("/sites/").headers["Location"] == "/accounts/setup/"
    assert client.get("/healthz").status_code == 200
    assert client.get("/t.js").status_code == 200
    form = {"email": "first@example.org", "password": NEW_PASSWORD}
    refused = client.post("/accounts/setup/", form | {"code": "wrong"})
    assert "not the code" in refused.content.decode()
    assert client.post("/accounts/setup/", form | {"code": code}).headers["Location"] == "/sites/"

    first = User.objects.get()
    assert first.is_superuser
    assert first.confirmed_at
    assert client.get("/sites/").status_code == 200
    assert client.get("/accounts/setup/").headers["Location"] == LOGIN


def test_a_new_start_makes_a_new_code_and_an_account_makes_it_void(settings: Settings) -> None:
    first, second = ensure_first_account(), ensure_first_account()
    assert first != second
    assert second not in settings.SETUP_CODE_PATH.read_text()
    assert settings.SETUP_CODE_PATH.stat().st_mode & 0o777 == 0o600
    UserFactory()

    assert ensure_first_account() is None
    assert not settings.SETUP_CODE_PATH.exists()
    assert make_first_account("late@example.org", NEW_PASSWORD) is None


def test_whoever_is_late_with_the_code_does_not_become_a_superuser(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = ensure_first_account()
    monkeypatch.setattr("accounts.views.make_first_account", lambda *_: None)
    form = {"email": "late@example.org", "password": NEW_PASSWORD, "code": code}

    assert client.post("/accounts/setup/", form).headers["Location"] == LOGIN


def test_the_first_account_can_be_made_unattended(client: Client, settings: Settings) -> None:
    settings.FOOTFALL_ADMIN_EMAIL = "admin@example.org"
    settings.FOOTFALL_ADMIN_PASSWORD = "short"
    with pytest.raises(ImproperlyConfigured, match="FOOTFALL_ADMIN_PASSWORD"):
        ensure_first_account()
    settings.FOOTFALL_ADMIN_PASSWORD = NEW_PASSWORD
    assert ensure_first_account() is None

    assert log_in(client, "admin@example.org", NEW_PASSWORD).headers["Location"] == "/sites/"


def test_the_setup_page_without_a_code_lets_nobody_in(client: Client) -> None:
    form = {"email": "x@example.org", "password": NEW_PASSWORD, "code": "x"}
    assert client.post("/accounts/setup/", form).status_code == 200
    assert not User.objects.exists()
