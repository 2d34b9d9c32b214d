// What t.js loads when an attribute of its tag asks for more than pageviews and footfall().
const d = document, l = location;
const FILES = "7z,avi,csv,dmg,doc,docx,epub,exe,gz,ics,iso,key,m4a,mov,mp3,mp4,msi,odp,ods,odt,ogg,pdf,pkg,ppt,pptx,rar,rtf,tar,tgz,txt,wav,webm,wmv,xls,xlsx,xz,zip";

// Takes the tag's attributes and what t.js has; returns what to call before the page changes.
// Browsers keep each of the two files for a day, so a new one must get on with an old one.
export default (asked, on, event, page) => {
  const asks = (name) => asked[name] != null;

  if (asks("404")) event("404", { props: { path: l.pathname }, interactive: false });

  // The reader's click on a link: also one of the middle button, which opens it in a tab.
  const onLink = (link) => {
    if (!/^http/.test(link.protocol)) return;
    const props = { url: link.href.slice(0, 2000) };
    const files = (asked.downloads || FILES).split(/[\s,.]+/).filter(Boolean);
    const ending = link.pathname.split(".").pop().toLowerCase();
    if (asks("downloads") && (link.hasAttribute("download") || files.includes(ending))) {
      event("File Download", { props });
    } else if (asks("outbound") && link.host != l.host) {
      event("Outbound Link", { props });
    }
  };

  const onMarked = (source) => {
    const value = (name) => source.getAttribute("data-footfall-" + name);
    const props = {};
    for (const { name, value } of source.attributes) {
      if (name.startsWith("data-footfall-prop-")) props[name.slice(19)] = value;
    }
    event(value("event"), {
      props,
      interactive: value("interactive") != "false",
      revenue: { amount: value("amount"), currency: value("currency") },
    });
  };

  // A click on a label comes again, from the label's field.
  const comesAgain = (target, source) => {
    const label = target.closest("a,button,input,select,textarea,label");
    return label && label.control && source.contains(label.control);
  };

  const clicked = ({ target, type, button }) => {
    const link = target.closest("a[href],area[href]");
    if (type == "auxclick" && !(link && button == 1)) return;
    const source = asks("events") && target.closest("[data-footfall-event]");
    if (source && source.tagName != "FORM" && !comesAgain(target, source)) onMarked(source);
    if (link) onLink(link);
  };
  on(d, "click", clicked);
  on(d, "auxclick", clicked);

  on(d, "submit", ({ target: form }) => {
    // Fields named id or action hide the form's own.
    const value = (name) => form.getAttribute(name);
    if (asks("events") && value("data-footfall-event")) onMarked(form);
    if (asks("forms")) {
      const path = () => new URL(value("action") || "", d.baseURI).pathname;
      event("Form Submit", { props: { form: value("id") || value("name") || path() } });
    }
  });

  // Milliseconds since `since`, when the page came into view and focus, add to those `spent`.
  let since, spent = 0, told = 0, bottom = 0, height = 0;
  const tick = () => {
    const now = performance.now();
    if (since) spent += now - since;
    since = d.visibilityState == "visible" && d.hasFocus() && now;
  };
  // Both only grow: what comes after a page may be shorter than it was.
  const scrolled = () => {
    bottom = Math.max(bottom, scrollY + innerHeight);
    height = Math.max(height, d.documentElement.scrollHeight);
  };
  const tell = () => {
    tick();
    scrolled();
    const seconds = Math.floor(spent / 1000);
    const depth = Math.min(100, Math.round(100 * bottom / height));
    if (!page() || !seconds && depth <= told) return;
    event("engagement", {}, { u: page(), s: Math.min(86400, seconds), d: depth });
    spent -= seconds * 1000;
    told = depth;
  };
  if (!asks("engagement")) return () => {};

  tick();
  on(window, "focus", tick);
  on(window, "blur", tick);
  on(d, "scroll", scrolled);
  on(d, "visibilitychange", tell);
  on(window, "pagehide", () => {
    tell();
    since = 0;
  });
  return () => {
    tell();
    spent = told = bottom = height = 0;
  };
};
