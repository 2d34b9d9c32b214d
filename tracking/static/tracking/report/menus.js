// One menu is open at a time, until something else is clicked or Escape is pressed.
"use strict";
{
  const OPEN = "details.menu[open]";

  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.(OPEN)) return;
    for (const other of document.querySelectorAll(OPEN)) if (other !== target) other.open = false;
  }, true);
  document.addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll(OPEN)) if (!menu.contains(target)) menu.open = false;
  }, true);
  document.addEventListener("keydown", ({ key }) => {
    const menu = key === "Escape" && document.querySelector(OPEN);
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
