// Small help on the pages of sites; everything here also works without it.
"use strict";

const POLL_MILLISECONDS = 2000;

function offerOwnTimezone(select) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...select.options].some((option) => option.value === own)) select.value = own;
}

function letCopy(button) {
  if (!navigator.clipboard) return;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

function letChoose(attributes) {
  const boxes = [...document.querySelectorAll(".tag-options input")];
  const name = (box) => box.parentElement.querySelector("code").textContent;
  for (const box of boxes) {
    box.hidden = false;
    box.addEventListener("change", () => {
      attributes.textContent = boxes.filter((one) => one.checked).map((one) => ` ${name(one)}`).join("");
    });
  }
}

async function watchForFirstHit(status) {
  const works = await fetch(status.dataset.statusUrl)
    .then((answer) => (answer.ok && !document.hidden ? answer.json() : { works: false }))
    .then((answer) => answer.works)
    .catch(() => false);
  if (!works) {
    setTimeout(watchForFirstHit, POLL_MILLISECONDS, status);
    return;
  }
  status.querySelectorAll("[data-waiting]").forEach((part) => { part.hidden = true; });
  status.querySelectorAll("[data-works]").forEach((part) => { part.hidden = false; });
}

document.querySelectorAll("select[data-own-timezone]").forEach(offerOwnTimezone);
document.querySelectorAll("[data-copy]").forEach(letCopy);
document.querySelectorAll("[data-attributes]").forEach(letChoose);
document.querySelectorAll("[data-status-url]").forEach(watchForFirstHit);
