/* Footfall: counts this page. No cookies, no storage. */
(function (w, d) {
  var me = d.currentScript, l = w.location, last, from = d.referrer;
  if (!me) return;
  var site = me.getAttribute("data-site"), to = me.src.replace(/t\.js.*$/, "t/" + site);
  function send(name, more) {
    try {
      var body = JSON.stringify({
        n: name, u: l.href.slice(0, 2000), r: from, t: d.title, w: w.innerWidth,
        p: more && more.props, i: more && more.interactive
      });
      if (!(w.navigator.sendBeacon && w.navigator.sendBeacon(to, body))) {
        w.fetch(to, { method: "POST", body: body, keepalive: true, mode: "no-cors" }).catch(function () {});
      }
    } catch (e) { /* never the page's problem */ }
  }
  function view() {
    var page = l.pathname + l.search;
    if (page === last) return;
    last = page;
    send("pageview");
    from = "";
  }
  ["pushState", "replaceState"].forEach(function (name) {
    var was = w.history[name];
    w.history[name] = function () {
      var out = was.apply(this, arguments);
      w.setTimeout(view);
      return out;
    };
  });
  w.addEventListener("popstate", view);
  w.footfall = send;
  if (d.prerendering) d.addEventListener("prerenderingchange", view); else view();
})(window, document);
