// Asks again for what the server was too busy to look up, and follows the search with the page.
"use strict";

document.addEventListener("htmx:afterRequest", ({ detail: { xhr, requestConfig: { elt } } }) => {
  if (xhr.status === 503 && xhr.getResponseHeader("Retry-After")) {
    setTimeout(() => window.htmx.trigger(elt, "submit"), 400);
  } else if (xhr.status >= 400 || xhr.status === 0) {
    elt.removeAttribute("hx-get");
    elt.submit();
  }
});
