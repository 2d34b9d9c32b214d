// What of the menu of more things to do needs a script.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const item = document.querySelector("[data-print]");
  if (!item) return;
  item.hidden = false;
  item.addEventListener("click", () => {
    item.closest("details").open = false;
    window.print();
  });
});
