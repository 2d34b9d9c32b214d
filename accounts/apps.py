"""The accounts app: people, and how they prove who they are."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
