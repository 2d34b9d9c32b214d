// Counts the sites that are chosen, and remembers those that a search has put out of sight.
"use strict";
{
  const chosen = new Set();
  const boxes = () => [...document.querySelectorAll("[data-choose] [name=site]")];

  function show() {
    const bar = document.querySelector("[data-choose] .choose");
    if (!bar) return;
    const [report, none] = bar.querySelectorAll("button");
    const most = Number(bar.dataset.most);
    bar.hidden = chosen.size === 0;
    report.disabled = chosen.size > most;
    report.textContent = report.disabled
      ? `At most ${most} sites in one report`
      : `Report on ${chosen.size} site${chosen.size === 1 ? "" : "s"}`;
    none.hidden = false;
  }

  function read() {
    for (const box of boxes()) chosen[box.checked ? "add" : "delete"](box.value);
    show();
  }

  document.addEventListener("change", ({ target }) => { if (target.matches("[data-choose] [name=site]")) read(); });
  document.addEventListener("reset", ({ target }) => {
    if (!target.matches("[data-choose]")) return;
    chosen.clear();
    for (const box of boxes()) box.defaultChecked = false;
    show();
  });
  document.addEventListener("formdata", ({ target, formData }) => {
    if (!target.matches("[data-choose]")) return;
    formData.delete("site");
    for (const id of chosen) formData.append("site", id);
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const box of boxes()) box.checked = chosen.has(box.value);
    show();
  });
  // A page that the browser brings back has its boxes as they were.
  addEventListener("pageshow", read);
}
