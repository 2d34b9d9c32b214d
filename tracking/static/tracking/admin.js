// The boxes of Django admin that look up a row are called what their fields are called.
"use strict";
{
  function name(box) {
    const select = box.previousElementSibling;
    const label = select?.labels?.[0];
    if (!label) return;
    label.id ||= `${select.id}-label`;
    const [shown, combobox] = [".select2-selection__rendered", "[role=combobox]"].map((one) => box.querySelector(one));
    shown?.setAttribute("aria-labelledby", label.id);
    combobox?.setAttribute("aria-labelledby", shown ? `${label.id} ${shown.id}` : label.id);
  }

  // What opens below stands at the page's end, and belongs to the box that is open.
  function nameOpened(dropdown) {
    const label = document.querySelector(".select2-container--open")?.previousElementSibling?.labels?.[0];
    if (!label?.id) return;
    dropdown.setAttribute("role", "dialog");
    dropdown.setAttribute("aria-labelledby", label.id);
    for (const one of dropdown.querySelectorAll("input, [role=listbox]")) one.setAttribute("aria-labelledby", label.id);
  }

  function nameAll(root) {
    if (root.matches(".select2-container")) {
      if (root.querySelector(".select2-dropdown")) nameOpened(root);
      else name(root);
    } else root.querySelectorAll("select + .select2-container").forEach(name);
  }

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) nameAll(node);
  }).observe(document.body, { childList: true, subtree: true });
  nameAll(document.body);
}
