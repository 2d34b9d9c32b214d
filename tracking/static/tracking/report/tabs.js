// A card's tabs: each is a step in the reader's history, as it is without scripts.
"use strict";
{
  const CARD = ".panels > section";
  const CARRIED = ["tab", "metric"];
  const tabsOf = (card) => [...card.querySelectorAll("[data-tab]")];
  const isOpen = (tab) => tab.getAttribute("aria-current") === "true";
  const chosenTabs = () => new URLSearchParams(location.search).getAll("tab");

  function open(card, chosen) {
    for (const tab of tabsOf(card)) {
      if (tab === chosen) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
    card.dispatchEvent(new CustomEvent("part:open", { bubbles: true, detail: chosen.textContent }));
    carryOverAll();
  }

  function withTabs(address, tabs) {
    const there = new URL(address);
    there.searchParams.delete("tab");
    for (const name of tabs) there.searchParams.append("tab", name);
    return there;
  }

  // The first tab of a card is open when an address names none.
  function tabsWith(tab) {
    const all = tabsOf(tab.closest(CARD));
    const others = chosenTabs().filter((name) => !all.some((one) => one.dataset.tab === name));
    return tab === all[0] ? others : [...others, tab.dataset.tab];
  }

  // Tabs and metric that were chosen since the page came are in its address alone.
  function carryOver(link) {
    // A link of the map is SVG's, whose address is an object; details begin with the page's path.
    const address = new URL(link.getAttribute("href"), location.href);
    const isReport = address.pathname === location.pathname || address.pathname.startsWith(`${location.pathname}details/`);
    if (address.origin !== location.origin || !isReport || address.hash) return;
    const there = withTabs(address, link.dataset.tab ? tabsWith(link) : chosenTabs());
    if (!link.dataset.metric) {
      const metric = new URLSearchParams(location.search).get("metric");
      there.searchParams.delete("metric");
      if (metric) there.searchParams.set("metric", metric);
    }
    if (there.href !== address.href) link.setAttribute("href", there);
  }

  const carryOverAll = () => document.querySelectorAll("a[href]").forEach(carryOver);

  document.addEventListener("formdata", ({ target, formData }) => {
    if (target.method !== "get" || new URL(target.action).pathname !== location.pathname) return;
    const here = new URLSearchParams(location.search);
    for (const name of CARRIED) {
      formData.delete(name);
      for (const value of here.getAll(name)) formData.append(name, value);
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const card = link?.dataset.tab && link.closest(CARD);
    if (link && !card) carryOver(link);
    if (!card) return;
    // Not for htmx, which would open no second window when asked for one.
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (isOpen(link) && !card.querySelector(":scope > .excuse")) return;
    history.pushState(null, "", withTabs(location.href, tabsWith(link)));
    open(card, link);
  }, true);

  // What else is in an address is drawn by the server, and the metric by the chart.
  function fromServer() {
    const { searchParams } = new URL(location.href);
    for (const name of CARRIED) searchParams.delete(name);
    searchParams.sort();
    return searchParams.toString();
  }

  const drawn = fromServer();
  addEventListener("popstate", () => {
    if (fromServer() !== drawn) {
      location.reload();
      return;
    }
    for (const card of document.querySelectorAll(CARD)) {
      const tabs = tabsOf(card);
      const wanted = tabs.find((tab) => chosenTabs().includes(tab.dataset.tab)) ?? tabs[0];
      if (wanted && !isOpen(wanted)) open(card, wanted);
    }
  });
}
