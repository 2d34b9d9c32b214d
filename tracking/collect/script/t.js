// Footfall: counts this page. No cookies; of storage it only reads the reader's own opt-out.
// What it does and sends is in docs/events.md. It is served without comments and needless space.
((w, d) => {
  // Nothing that goes wrong in here may reach the page.
  const safe = (act) => (...args) => { try { return act(...args); } catch {} };
  const on = (where, type, act) => where.addEventListener(type, safe(act), true);

  // Pages may call footfall() before anything is counted, and where nothing ever is.
  const early = w.footfall = w.footfall || function () { (early.q = early.q || []).push(arguments); };

  safe(() => {
    const l = w.location, n = w.navigator;
    // A module has no currentScript.
    const tag = d.currentScript || d.querySelector('script[data-site][src*="t.js"]');
    const { site, hash, local, ...extras } = tag.dataset;
    const base = new URL("t/", tag.src), to = base + site;
    // The same snippet twice counts once. A file's host is empty.
    if (
      !site || early.to == to ||
      local == null && /^(|localhost|.+\.localhost|127[\d.]+|\[::1])$/.test(l.hostname)
    ) return;

    const here = () => (hash == null ? l.href.split("#")[0] : l.href).slice(0, 2000);
    let page, r = d.referrer, leave = () => {};

    // `more` is for the extras, whose engagement is of the page before this one.
    const event = safe((name, o, more) => {
      if (safe(() => w.localStorage.footfall_ignore == "true")()) return;
      o = o || {};
      const revenue = o.revenue || {};
      const body = JSON.stringify({
        n: name, u: here(), r, t: d.title, w: w.innerWidth,
        p: o.props, i: o.interactive, a: revenue.amount, c: revenue.currency,
        h: hash != null, b: !!n.webdriver, g: n.doNotTrack == 1 || !!n.globalPrivacyControl,
        ...more,
      });
      if (!n.sendBeacon || !n.sendBeacon(to, body)) {
        w.fetch(to, { method: "POST", body, keepalive: true }).catch(() => {});
      }
    });

    const view = () => {
      if (page == here()) return;
      page = here();
      event("pageview");
      r = "";
    };
    const moved = safe(() => {
      if (page == here()) return;
      leave();
      // The page sets its new title after it has changed its address.
      setTimeout(view);
    });
    const start = () => {
      view();
      w.footfall = event;
      event.to = to;
      for (const call of early.q || []) event(...call);
      on(w, "popstate", moved);
      on(w, "pageshow", (e) => {
        if (e.persisted) page = 0;
        moved();
      });
      for (const name of ["pushState", "replaceState"]) {
        const was = w.history[name];
        w.history[name] = function () {
          const out = was.apply(this, arguments);
          moved();
          return out;
        };
      }
      if (Object.keys(extras)[0]) {
        import(base + "extras.js").then((file) => {
          leave = file.default(extras, on, event, () => page);
        }).catch(() => {});
      }
    };
    if (d.prerendering) on(d, "prerenderingchange", start); else start();
  })();
})(window, document);
