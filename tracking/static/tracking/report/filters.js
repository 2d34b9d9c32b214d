// The filter editor: its form in a dialog, and a list of the site's own values to choose from.
"use strict";
{
  const TYPING_PAUSE_MS = 150;
  const BUSY_PAUSE_MS = 300;

  // Tabs and metric that were chosen since the page came are in its address alone.
  function carriedOver(address) {
    const there = new URL(address, location.href);
    const here = new URLSearchParams(location.search);
    for (const name of ["tab", "metric"]) {
      there.searchParams.delete(name);
      for (const value of here.getAll(name)) there.searchParams.append(name, value);
    }
    return there.href;
  }

  // Asks for the site's own texts of a dimension that have this in them.
  function suggested(form, dimension, text, signal) {
    const there = new URL(form.dataset.values.replace("DIMENSION", encodeURIComponent(dimension)), location.href);
    there.search = form.dataset.state;
    there.searchParams.set("q", text.trim());
    return fetch(there, { signal });
  }

  const isBusy = (answer) => answer.status === 503 && answer.headers.get("Retry-After") !== null;

  function parsed(text) {
    const found = document.createElement("template");
    found.innerHTML = text;
    return found.content;
  }

  // The keys of the site's properties, in the list that the browser shows below the input.
  class Keys {
    constructor(form) {
      this.form = form;
      this.input = form.elements.key;
      this.input.addEventListener("focus", () => this.ask(0));
      this.input.addEventListener("input", () => this.ask(TYPING_PAUSE_MS));
    }

    ask(pause) {
      clearTimeout(this.timer);
      this.asking?.abort();
      this.timer = setTimeout(() => this.load(), pause);
    }

    async load() {
      const asking = this.asking = new AbortController();
      try {
        const answer = await suggested(this.form, "property", this.input.value, asking.signal);
        if (isBusy(answer)) this.ask(BUSY_PAUSE_MS);
        else if (answer.ok && !answer.redirected) this.show(await answer.text());
      } catch { /* What is typed is taken as it is. */ }
    }

    show(text) {
      const keys = [...parsed(text).querySelectorAll("[role=option]")].map((option) => option.dataset.value);
      this.input.list.replaceChildren(...keys.map((value) => Object.assign(document.createElement("option"), { value })));
    }
  }

  class Values {
    constructor(form) {
      this.form = form;
      this.input = form.querySelector("[name=typed]");
      this.tokens = form.querySelector(".tokens");
      this.list = document.createElement("ul");
      Object.assign(this.list, { id: "filter-list", className: "options", role: "listbox", hidden: true });
      this.list.setAttribute("aria-label", "Values of this site");
      this.list.setAttribute("aria-multiselectable", "true");
      this.status = document.createElement("p");
      this.status.className = "help";
      this.status.setAttribute("role", "status");
      this.input.after(this.list, this.status);
      for (const [name, value] of Object.entries({
        role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
      })) this.input.setAttribute(name, value);
      this.listen();
    }

    listen() {
      this.input.addEventListener("input", () => this.ask(TYPING_PAUSE_MS));
      this.input.addEventListener("click", () => { if (this.list.hidden) this.ask(0); });
      this.input.addEventListener("keydown", (event) => this.press(event));
      this.input.addEventListener("blur", () => this.close());
      // The input keeps the focus while the list is clicked.
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", ({ target }) => {
        const option = target.closest("[role=option]");
        if (option) this.choose(option);
      });
      this.tokens.addEventListener("change", ({ target }) => this.take(target.closest("li")));
    }

    options() { return [...this.list.children]; }

    active() { return document.getElementById(this.input.getAttribute("aria-activedescendant")); }

    chosen() { return [...this.tokens.querySelectorAll("input")]; }

    name() {
      const dimension = this.form.elements.dimension.value;
      if (dimension !== "prop") return dimension;
      const key = this.form.elements.key.value.trim();
      return key && `prop.${encodeURIComponent(key)}`;
    }

    ask(pause) {
      clearTimeout(this.timer);
      this.asking?.abort();
      this.timer = setTimeout(() => this.load(), pause);
    }

    async load() {
      const name = this.name();
      if (!name) {
        this.say("Say which property first: its key.");
        return;
      }
      const asking = this.asking = new AbortController();
      this.list.setAttribute("aria-busy", "true");
      try {
        const answer = await suggested(this.form, name, this.input.value, asking.signal);
        if (isBusy(answer)) this.ask(BUSY_PAUSE_MS);
        else this.show(await answer.text(), answer.redirected);
      } catch {
        if (!asking.signal.aborted) this.say("The values can't be read just now. What you type is taken as it is.");
      }
    }

    show(text, isElsewhere) {
      const found = parsed(isElsewhere ? "" : text);
      const options = [...found.querySelectorAll("[role=option]")];
      if (options.length === 0) {
        const reason = isElsewhere ? "" : found.textContent.trim();
        this.say(reason || (this.input.value ? "No value has this. Enter takes it as it is." : "No values in this period."));
        return;
      }
      const values = this.chosen().map((box) => box.value);
      options.forEach((option, place) => {
        option.id = `filter-option-${place}`;
        option.setAttribute("aria-selected", String(values.includes(option.dataset.value)));
      });
      this.say(options.length === 1 ? "1 value" : `${options.length} values`);
      this.list.replaceChildren(...options);
      this.list.hidden = document.activeElement !== this.input;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    }

    say(words) {
      this.close();
      this.status.textContent = words;
    }

    close() {
      clearTimeout(this.timer);
      this.asking?.abort();
      this.list.hidden = true;
      this.list.removeAttribute("aria-busy");
      this.list.replaceChildren();
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
    }

    move(step) {
      const options = this.options();
      const at = options.indexOf(this.active());
      const next = options.at(at < 0 ? Math.min(step, 0) : (at + step) % options.length);
      for (const option of options) option.classList.toggle("active", option === next);
      next.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", next.id);
    }

    press(event) {
      const typed = this.input.value.trim();
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (this.list.hidden) this.ask(0);
        else this.move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && this.active()) this.choose(this.active());
      else if (event.key === "Enter" && typed) this.add(typed, typed);
      else if (event.key === "Escape" && !this.list.hidden) this.say("");
      else if (event.key === "Backspace" && !this.input.value && this.chosen().length) {
        this.take(this.tokens.lastElementChild);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    }

    choose(option) {
      const { value } = option.dataset;
      const box = this.chosen().find((one) => one.value === value);
      if (box) this.take(box.closest("li"));
      else this.add(value, option.firstElementChild.textContent);
    }

    add(value, text) {
      if (!this.chosen().some((box) => box.value === value)) {
        const token = document.createElement("li");
        const label = document.createElement("label");
        label.className = "token";
        const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "value", value, checked: true });
        label.append(box, ` ${text}`);
        token.append(label);
        this.tokens.append(token);
      }
      this.input.value = "";
      this.say(`${text} is chosen.`);
      this.input.focus();
    }

    take(token) {
      const text = token.textContent.trim();
      token.remove();
      this.say(`${text} is taken away.`);
      this.input.focus();
    }
  }

  // Shows what the chosen dimension and operator have use for.
  function fit(form) {
    const { dimension, operator, key, did, typed } = form.elements;
    const isEvent = dimension.selectedOptions[0].dataset.scope === "event";
    key.closest(".field").hidden = dimension.value !== "prop";
    key.required = dimension.value === "prop";
    did.closest(".field").hidden = !isEvent;
    form.querySelector(".filter-values").hidden = ["is_set", "is_not_set"].includes(operator.value);
    const help = form.querySelector("#filter-help");
    help.hidden = !["matches", "does_not_match"].includes(operator.value);
    // Until now, the style sheet hid what has no use.
    for (const one of form.querySelectorAll("[data-unfit]")) one.removeAttribute("data-unfit");
    typed.setAttribute("aria-describedby", help.hidden ? "" : help.id);
  }

  function enhance(form) {
    form.querySelector("[name=show]").remove();
    const values = new Values(form);
    new Keys(form);
    fit(form);
    for (const name of ["dimension", "operator", "key"]) {
      form.elements[name].addEventListener("change", () => {
        if (name !== "operator") {
          values.tokens.replaceChildren();
          values.say("");
        }
        fit(form);
      });
    }
    form.addEventListener("submit", (event) => {
      const isFree = form.querySelector(".filter-values").hidden;
      if (isFree || values.chosen().length || values.input.value.trim()) return;
      event.preventDefault();
      values.say("Choose or type at least one value.");
      values.input.focus();
    });
  }

  function dialog() {
    const found = document.getElementById("filter-dialog");
    if (found) return found;
    const made = document.createElement("dialog");
    Object.assign(made, { id: "filter-dialog", className: "panel filter-dialog" });
    made.setAttribute("aria-labelledby", "filter-title");
    made.addEventListener("click", (event) => {
      if (event.target !== made && !event.target.closest("[data-close]")) return;
      event.preventDefault();
      made.close();
    });
    document.body.append(made);
    return made;
  }

  async function open(address) {
    let form;
    try {
      const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
      form = page.querySelector(".filter-editor");
    } catch { /* The page itself says what is wrong. */ }
    if (!form) {
      location.assign(address);
      return;
    }
    const title = document.createElement("h2");
    title.id = "filter-title";
    title.textContent = form.elements.edit ? "Edit the filter" : "Add a filter";
    const made = dialog();
    made.replaceChildren(title, form);
    enhance(form);
    made.showModal();
    (form.elements.edit ? form.elements.typed : form.elements.dimension).focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-editor]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(carriedOver(link.href));
  });
  // The page of a segment, and what saves one, lead back to the report.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest("a[data-carry]");
    if (link) link.href = carriedOver(link.href);
  }, true);
  document.addEventListener("submit", ({ target }) => {
    if (target.dataset.carry !== undefined && target.method === "post") target.action = carriedOver(target.action);
  }, true);

  const own = document.querySelector("main .filter-editor");
  if (own) enhance(own);
}
