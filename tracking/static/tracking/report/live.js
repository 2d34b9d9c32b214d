// Asks anew for what is of this very moment, as long as somebody looks at it: each element that
// says data-every, after so many seconds, one that is data-lazy as soon as the page's parts are there.
"use strict";

(() => {
  const SLOWEST_SECONDS = 60;
  const SLOWER = 2;
  const plans = [];
  let isPaused = false;

  const partsAreThere = () => !document.querySelector("[data-part]");

  function say(words) {
    const state = document.getElementById("live-state");
    if (state && state.textContent !== words) state.textContent = words;
  }

  function whatHoldsUp(xhr, seconds) {
    if (xhr.status === 200) return "";
    const why = xhr.status === 503 ? "The server is busy" : "No answer";
    return `${why}: the next update is in ${seconds} seconds.`;
  }

  // Somewhere else is where people sign in.
  function isElsewhere(xhr, part) {
    const asked = new URL(part.getAttribute("hx-get"), location.href);
    return xhr.responseURL !== "" && new URL(xhr.responseURL).pathname !== asked.pathname;
  }

  // Puts back what a reader had done to the elements inside: focus, open tables, how far they scrolled.
  function remember(part) {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const href = focused?.getAttribute("href");
    const boxes = [...part.querySelectorAll("[id]")];
    const states = boxes.map(({ id, open, scrollTop, scrollLeft }) => ({ id, open, scrollTop, scrollLeft }));
    return () => {
      for (const { id, open, scrollTop, scrollLeft } of states) {
        const box = document.getElementById(id);
        if (!box) continue;
        if (open !== undefined) box.open = open;
        Object.assign(box, { scrollTop, scrollLeft });
      }
      if (!focused || focused.isConnected) return;
      const same = focused.id ? document.getElementById(focused.id)
        : href && part.querySelector(`[href="${CSS.escape(href)}"]`);
      (same || part).focus({ preventScroll: true });
    };
  }

  function follow(part) {
    const every = Number(part.dataset.every);
    let seconds = every;
    let due = part.dataset.lazy === undefined ? Date.now() + every * 1000 : 0;
    let isAsking = false;
    let timer = 0;
    let putBack = null;

    function plan() {
      clearTimeout(timer);
      if (isAsking || isPaused || document.hidden || due === Infinity || !partsAreThere()) return;
      timer = setTimeout(() => {
        isAsking = true;
        window.htmx.trigger(part, "again");
      }, Math.max(0, due - Date.now()));
    }

    part.addEventListener("htmx:beforeSwap", ({ detail }) => {
      if (detail.requestConfig.elt === part) putBack = remember(part);
    });
    part.addEventListener("htmx:afterSwap", () => {
      putBack?.();
      putBack = null;
    });
    part.addEventListener("htmx:afterRequest", ({ detail }) => {
      const { xhr, requestConfig } = detail;
      if (requestConfig.elt !== part) return;
      isAsking = false;
      if (isElsewhere(xhr, part) || [403, 404].includes(xhr.status)) {
        due = Infinity;
        say("This page can't be updated any more. Reload it to go on.");
        return;
      }
      const told = Number(xhr.getResponseHeader("Retry-After")) || 0;
      seconds = xhr.status === 200 ? every : Math.min(SLOWEST_SECONDS, Math.max(seconds * SLOWER, told));
      due = Date.now() + seconds * 1000;
      say(whatHoldsUp(xhr, seconds));
      plan();
    });
    plans.push(plan);
    plan();
  }

  const planAll = () => plans.forEach((plan) => plan());

  // What can't be had leaves what is there.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { xhr, requestConfig: { elt } } = detail;
    if (elt.dataset.every && (xhr.status !== 200 || isElsewhere(xhr, elt))) detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", planAll);
  document.addEventListener("visibilitychange", planAll);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("live-pause");
    if (button) {
      button.hidden = false;
      button.addEventListener("click", () => {
        isPaused = !isPaused;
        button.textContent = isPaused ? "Go on" : "Pause";
        say(isPaused ? "Paused" : "");
        planAll();
      });
    }
    document.querySelectorAll("[data-every]").forEach(follow);
  });
})();
