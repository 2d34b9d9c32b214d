// Opens the list of all models before it is painted, unless it was closed: nothing moves then.
"use strict";
try {
  document.getElementById("main").classList.toggle("shifted", localStorage.getItem("django.admin.navSidebarIsOpen") !== "false");
} catch { /* Django's own script comes later, and knows what to do. */ }
