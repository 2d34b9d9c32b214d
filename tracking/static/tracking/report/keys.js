// Keyboard shortcuts: a key follows the link, or presses the button, that names it in data-key.
"use strict";
{
  const OFF = "footfall-keys-off";
  const TYPING = "input, select, textarea, [contenteditable], [role=region], [role=slider], [role=grid], [role=listbox]";
  const sheet = document.getElementById("keys");
  const opener = document.getElementById("open-keys");
  const toggle = document.getElementById("use-keys");

  // Whoever speaks to their computer, or has a cat, turns single keys off; some browsers keep nothing.
  const isOff = () => {
    try { return localStorage.getItem(OFF) !== null; } catch { return false; }
  };
  function turn(on) {
    try {
      if (on) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch { toggle.checked = true; }
  }

  function targetOf(key) {
    switch (key) {
      case "?": return opener;
      case "f": return document.getElementById("open-filter");
      case "ArrowLeft": return document.querySelector("main [rel=prev]");
      case "ArrowRight": return document.querySelector("main [rel=next]");
      default: return document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    }
  }

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.repeat || event.isComposing || isOff()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && key !== "?")) return;
    if (target.closest(TYPING) || document.querySelector("dialog[open]:not(#keys)")) return;
    const found = targetOf(key.length === 1 ? key.toLowerCase() : key);
    if (!found) return;
    event.preventDefault();
    found.click();
  });

  opener.hidden = false;
  opener.addEventListener("click", () => (sheet.open ? sheet.close() : sheet.showModal()));
  toggle.checked = !isOff();
  toggle.addEventListener("change", () => turn(toggle.checked));
}
