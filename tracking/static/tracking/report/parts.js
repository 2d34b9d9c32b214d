// Loads the page's parts, a few at a time; what is busy is asked for again.
"use strict";

const AT_ONCE = 2;
const waiting = [...document.querySelectorAll("[data-part]")];
let loading = 0;

function next() {
  while (loading < AT_ONCE && waiting.length > 0) {
    const part = waiting.shift();
    if (!part.isConnected) continue;
    loading += 1;
    part.classList.add("loading");
    window.htmx.trigger(part, "part");
  }
}

// The tabs and the metric that were chosen since the page came are in its address alone.
function carryOver(link) {
  // A link of the map is SVG's, whose address is an object.
  const there = new URL(link.getAttribute("href"), location);
  if (there.origin !== location.origin || !there.pathname.startsWith(location.pathname)) return;
  for (const name of ["tab", "metric"]) {
    if (name === "metric" && link.matches(".number")) continue;
    there.searchParams.delete(name);
    for (const value of new URLSearchParams(location.search).getAll(name)) there.searchParams.append(name, value);
  }
  link.setAttribute("href", there);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr } = detail;
  if (xhr.status === 503 && xhr.getResponseHeader("Retry-After")) {
    detail.shouldSwap = false;
    return;
  }
  // An excuse is shown in the place of what it excuses.
  if (xhr.getResponseHeader("Content-Type")?.startsWith("text/html") && [400, 503].includes(xhr.status)) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // What was swapped is no longer where it was, and the event names its parent.
  const { xhr, requestConfig: { elt } } = detail;
  const isPart = elt.matches("[data-part]");
  if (isPart) loading -= 1;
  if (xhr.status === 503 && xhr.getResponseHeader("Retry-After")) {
    setTimeout(() => {
      if (!isPart) window.htmx.trigger(elt, "click");
      else waiting.push(elt);
      next();
    }, 300);
    return;
  }
  if (xhr.redirected || xhr.status === 404 || xhr.status === 403) location.reload();
  if (isPart && xhr.status === 0) {
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "btn btn-small";
    retry.textContent = "Could not load; try again";
    retry.addEventListener("click", () => { waiting.push(elt); next(); });
    elt.replaceChildren(retry);
  }
  next();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link) return;
  if (link.dataset.tab === undefined) carryOver(link);
  else {
    // Of its own card no other tab stays open; the first of a card is not named.
    const here = new URL(location.href);
    const own = [...link.closest("section").querySelectorAll("[data-tab]")].map((one) => one.dataset.tab);
    const others = here.searchParams.getAll("tab").filter((name) => !own.includes(name));
    here.searchParams.delete("tab");
    for (const name of others) here.searchParams.append("tab", name);
    if (new URL(link.href).searchParams.getAll("tab").includes(link.dataset.tab)) here.searchParams.append("tab", link.dataset.tab);
    history.replaceState(history.state, "", here);
  }
}, true);

document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details.menu[open]")) return;
  for (const other of document.querySelectorAll("details.menu[open]")) if (other !== target) other.open = false;
}, true);
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  const menu = key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("DOMContentLoaded", next);
