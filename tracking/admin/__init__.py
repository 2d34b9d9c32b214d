"""Everything an instance has, in Django admin: one file a group of models."""

from tracking.admin import annotations, imports, operations, records, sites, upkeep

__all__ = ["annotations", "imports", "operations", "records", "sites", "upkeep"]
