"""Tables as SQL: each statement has what its words name of them, and nothing else.

Columns that nobody asks for take DuckDB long: to plan with all of them takes half as long again.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Source:
    """Rows of a table: what each of their columns is, and what they are `of`.

    `joins` are those that some of the columns take. `after` is what comes after all that.
    """

    columns: Mapping[str, str]
    of: str
    joins: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    after: str = ""

    def query(self, names: AbstractSet[str]) -> str:
        """A query for those of the columns that are among the names."""
        wanted = {name: sql for name, sql in self.columns.items() if name in names}
        joins = "".join(join for join, some in self.joins.items() if some & wanted.keys())
        columns = ", ".join(f"{sql} AS {name}" for name, sql in wanted.items()) or "NULL"
        return f"SELECT {columns} FROM {self.of}{joins}{self.after}"  # noqa: S608 - constants


@dataclass(frozen=True)
class Table:
    """The rows of all sources, which have the same columns.

    What `is_of_files` is read anew by each that asks for it, for the rows that it wants.
    """

    sources: Sequence[Source]
    is_of_files: bool = False

    def query(self, names: AbstractSet[str]) -> str:
        """A query for those of its columns that are among the names."""
        return " UNION ALL ".join(one.query(names) for one in self.sources)


def with_tables(tables: Mapping[str, Table], query: str, more: Sequence[str] = ()) -> str:
    """A query, with the tables that words of it name, and with such columns of these.

    Tables may be over those before them; `more` are common table expressions over all of them.
    Whoever writes `*` has named what is used of it elsewhere.
    """
    found = [*_expressions(tables, " ".join([query, *more])), *more]
    return f"WITH {', '.join(found)} {query}" if found else query


def _expressions(tables: Mapping[str, Table], sql: str) -> list[str]:
    found: list[str] = []
    for name, table in reversed([*tables.items()]):
        names = frozenset(WORD.findall(sql))
        if name in names:
            query = table.query(names)
            hint = "NOT MATERIALIZED " if table.is_of_files else ""
            found.insert(0, f"{name} AS {hint}({query})")
            sql += f" {query}"
    return found
