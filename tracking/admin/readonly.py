"""What records in admin have in common: they are looked at, and never counted in full."""

from typing import Any, TypeVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

Record = TypeVar("Record", bound=Model)


class UncountedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a table too big to count: rows beyond the last page that can be reached are not."""

    MOST_PAGES = 200

    @cached_property
    def count(self) -> int:
        """Rows of the pages that can be reached: at most as many as MOST_PAGES hold."""
        most = self.per_page * self.MOST_PAGES
        rows: Any = self.object_list
        count: int = rows.order_by()[:most].count()
        return count


class ReadOnlyAdmin(admin.ModelAdmin[Record]):
    """Rows that nobody adds, changes or deletes by hand."""

    paginator = UncountedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
