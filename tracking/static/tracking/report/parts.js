// Loads the page's parts, a few at a time; what is busy, slow or failing holds up no other.
"use strict";
{
  const AT_ONCE = 2;
  const SLOW_MS = 4000;
  const BUSY_MS = 300;
  const PART = ".numbers-part, .panels > section";
  const waiting = [...document.querySelectorAll("[data-part]")];
  const failed = new Set();
  let loading = 0;
  let isLeaving = false;
  let isAnnounced = false;
  let lostFocus = "";

  const element = (name, className, text = "") => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };
  const button = (text, act) => {
    const made = element("button", "btn btn-small", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  const nameOf = (part) => part.getAttribute("aria-label");

  // A region must be there before it speaks.
  const announcer = element("p", "visually-hidden");
  announcer.setAttribute("role", "status");
  document.body.append(announcer);

  function announceAll() {
    if (isLeaving || loading > 0 || document.querySelector("[data-part][aria-busy]")) return;
    if (failed.size > 0) announcer.textContent = `Could not be loaded: ${[...failed].map(nameOf).join(", ")}`;
    else if (!isAnnounced) announcer.textContent = "The report is loaded.";
    isAnnounced = true;
  }

  // A part is asked for as the page's address is now, whatever it was when the part was drawn.
  function addressOf(part) {
    const source = part.matches("[hx-get]") ? part : part.querySelector("[data-tab]");
    return new URL(source.getAttribute("hx-get"), location.href).pathname + location.search;
  }

  function next() {
    while (loading < AT_ONCE && waiting.length > 0 && !isLeaving) {
      const part = waiting.shift();
      if (part.isConnected) load(part);
    }
  }

  function enqueue(part) {
    part.setAttribute("aria-busy", "true");
    failed.delete(part);
    if (!waiting.includes(part)) waiting.push(part);
    next();
  }

  function load(part) {
    let holds = true;
    const release = () => {
      if (!holds) return;
      holds = false;
      loading -= 1;
      next();
    };
    const notice = setTimeout(() => {
      // Those behind it need not wait for as long.
      release();
      tellSlow(part);
    }, SLOW_MS);
    const end = () => {
      clearTimeout(notice);
      release();
      announceAll();
    };
    loading += 1;
    window.htmx.trigger(part, "htmx:abort");
    window.htmx.ajax("GET", addressOf(part), { source: part, target: part, swap: "outerHTML" }).then(end, end);
  }

  function clear(part, keep) {
    for (const child of [...part.children]) if (!child.matches(keep)) child.remove();
  }

  function tellSlow(part) {
    const notice = element("div", "slow");
    notice.append(element("p", "", "This takes longer than usual."), button("Ask again", () => askAgain(part)));
    part.append(notice);
    announcer.textContent = `${nameOf(part)}: this takes longer than usual.`;
  }

  function fail(part, words) {
    const excuse = element("div", "excuse");
    excuse.append(element("p", "", words), button("Try again", () => askAgain(part)));
    clear(part, ".card-top");
    part.append(excuse);
    part.removeAttribute("aria-busy");
    failed.add(part);
  }

  function askAgain(part) {
    // The button that has the focus goes; what it asked for keeps it.
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
    clear(part, ".card-top");
    part.append(element("div", "skeleton"));
    enqueue(part);
  }

  function askFailedAgain() {
    for (const part of [...failed]) {
      if (part.isConnected) askAgain(part);
      else failed.delete(part);
    }
  }

  // An answer that takes long is begun before it is known, so an excuse may have any status.
  function excuseIn(xhr) {
    const isPage = xhr.getResponseHeader("Content-Type")?.startsWith("text/html");
    if (!isPage || !/^\s*<section class="[^"]*\bexcuse\b/.test(xhr.responseText)) return null;
    return new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("p").textContent.trim();
  }

  const isRedirected = ({ xhr, requestConfig, pathInfo }) =>
    requestConfig.verb.toLowerCase() === "get" && xhr.responseURL &&
    new URL(xhr.responseURL).pathname !== new URL(pathInfo.finalRequestPath, location.href).pathname;

  function askLater({ requestConfig: { verb, path, elt }, target }) {
    setTimeout(() => {
      if (target.matches(PART)) enqueue(target);
      else if (elt.isConnected) window.htmx.ajax(verb, path, { source: elt, target });
    }, BUSY_MS);
  }

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr, target } = detail;
    const isPart = target.matches(PART);
    const isBusy = xhr.status === 503 && xhr.getResponseHeader("Retry-After") !== null;
    const excuse = excuseIn(xhr);
    if (isPart && target.contains(document.activeElement)) lostFocus = nameOf(target);
    if (excuse !== null || isBusy) detail.isError = false;
    if (isRedirected(detail)) {
      // Who is no longer signed in is led to where they can.
      detail.shouldSwap = false;
      isLeaving = true;
      location.reload();
    } else if (isBusy) {
      detail.shouldSwap = false;
      askLater(detail);
    } else if (isPart && (excuse !== null || xhr.status >= 400)) {
      detail.shouldSwap = false;
      fail(target, excuse ?? "This could not be loaded.");
    } else if (excuse !== null) detail.shouldSwap = true;
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, ({ detail: { target } }) => {
      if (target.matches(PART)) fail(target, "This could not be loaded. Is there a network?");
    });
  }

  // htmx gives the focus back to what has an id, as tabs do; instead of the rest, the part has it.
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    if (!elt.matches?.(PART) || nameOf(elt) !== lostFocus) return;
    lostFocus = "";
    if (document.activeElement !== document.body) return;
    elt.tabIndex = -1;
    elt.focus({ preventScroll: true });
  });

  // Somebody chose another tab.
  document.addEventListener("part:open", ({ target, detail }) => {
    announcer.textContent = `${nameOf(target)}: ${detail}`;
    if (waiting.includes(target)) waiting.splice(waiting.indexOf(target), 1);
    failed.delete(target);
    target.setAttribute("aria-busy", "true");
    load(target);
  });

  addEventListener("online", askFailedAgain);
  // What was under way when the reader left was ended by the browser.
  addEventListener("pageshow", ({ persisted }) => persisted && askFailedAgain());
  document.addEventListener("DOMContentLoaded", () => {
    for (const part of waiting) part.setAttribute("aria-busy", "true");
    next();
  });
}
