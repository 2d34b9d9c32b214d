// Finds a site in the menu of sites while one types; Enter looks on the page of all sites instead,
// unless only one is left.
"use strict";
{
  const links = (menu) => [...menu.querySelectorAll(".switcher-sites li")];

  function filter(menu, text) {
    const wanted = text.trim().toLowerCase();
    for (const item of links(menu)) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }

  function onSubmit(event, menu) {
    const left = links(menu).filter((item) => !item.hidden);
    if (left.length !== 1) return;
    event.preventDefault();
    left[0].querySelector("a").click();
  }

  function onArrow(event, menu) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [...menu.querySelectorAll(".menu-box input, .menu-box a")].filter((one) => one.checkVisibility());
    const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (!stops[next]) return;
    event.preventDefault();
    stops[next].focus();
  }

  for (const menu of document.querySelectorAll(".switcher")) {
    const search = menu.querySelector("[data-switcher-search]");
    search?.addEventListener("input", ({ target }) => filter(menu, target.value));
    search?.addEventListener("submit", (event) => onSubmit(event, menu));
    menu.addEventListener("toggle", () => { if (menu.open) search?.elements.q.focus(); });
    menu.addEventListener("keydown", (event) => { if (menu.open) onArrow(event, menu); });
  }
}
