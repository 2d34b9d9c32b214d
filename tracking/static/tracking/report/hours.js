// The hours of the week as a grid: one stop of the Tab key, in which the arrow keys lead from cell to cell.
"use strict";
{
  const GRID = ".hours";
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const linkOf = (cell) => cell?.querySelector("a");
  const linksOf = (row) => [...row.cells].map(linkOf).filter(Boolean);

  function stopAt(grid, link) {
    for (const one of grid.querySelectorAll("a")) one.tabIndex = one === link ? 0 : -1;
  }

  function enhance(grid) {
    // There is nothing to skip where there is one stop.
    grid.closest("section")?.querySelector("[data-skip]")?.remove();
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-labelledby", grid.caption.id);
    grid.setAttribute("aria-readonly", "true");
    stopAt(grid, grid.querySelector("a"));
  }

  // Home and End stay in their row, and with Ctrl lead to the first and the last cell of all.
  function reached(grid, cell, { key, ctrlKey }) {
    const { rows } = grid;
    if (key === "Home") return linksOf(ctrlKey ? rows[0] : cell.parentElement).at(0);
    if (key === "End") return linksOf(ctrlKey ? rows[rows.length - 1] : cell.parentElement).at(-1);
    const step = !ctrlKey && STEPS[key];
    return step && linkOf(rows[cell.parentElement.rowIndex + step[0]]?.cells[cell.cellIndex + step[1]]);
  }

  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest(`${GRID} td, ${GRID} th`);
    if (!cell || event.altKey || event.metaKey || event.shiftKey) return;
    if (!(event.key in STEPS) && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    reached(cell.closest(GRID), cell, event)?.focus();
  });
  document.addEventListener("focusin", ({ target }) => {
    const grid = target.closest(GRID);
    if (grid && target.matches("a")) stopAt(grid, target);
  });

  const enhanceAll = (part) => part.querySelectorAll(GRID).forEach(enhance);
  document.addEventListener("htmx:load", ({ detail: { elt } }) => enhanceAll(elt));
  enhanceAll(document);
}
