// What the console adds where a browser runs scripts; every page works without it but the map.
"use strict";

document.documentElement.classList.add("scripted");

function toast(kind, text) {
  const shape = document.getElementById("toast-shape");
  const box = document.getElementById("toasts");
  if (!shape || !box) return;
  const one = shape.content.firstElementChild.cloneNode(true);
  one.classList.add(kind);
  one.querySelector("[data-text]").textContent = text;
  box.append(one);
}

// Toasts: closed by their button.
document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-close-toast]");
  if (close) close.closest(".notice").remove();
});

// Printing, copying what a page shows.
document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  const from = document.getElementById(copy.dataset.copy);
  await navigator.clipboard.writeText(from.value ?? from.textContent.trim());
  toast("ok", "Copié.");
});

// Dialogs: the page of a confirmation, shown above the present one.
const dialog = () => document.getElementById("dialog");
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "dialog-content") return;
  if (!event.detail.target.querySelector("form, h1, h2")) {
    window.location.assign(event.detail.pathInfo.requestPath);
    return;
  }
  dialog().showModal();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-dialog]") && dialog()?.open) {
    event.preventDefault();
    dialog().close();
  }
});

// A live part that is refreshed leaves folded and unfolded what was, by whoever reads it.
if (window.Idiomorph) {
  window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.tagName === "DETAILS");
}

// A live part that cannot be refreshed says so once, and keeps what it shows; what its page says of
// that (data-stale) stands there until it is refreshed again.
let failing = false;
const stale = (is) => document.querySelectorAll("[data-stale]").forEach((one) => { one.hidden = !is; });
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  failing = false;
  stale(false);
});
function failed(text) {
  stale(true);
  if (failing) return;
  failing = true;
  toast("danger", text);
}
document.addEventListener("htmx:sendError", () => failed("Le service ne répond pas : ce qui est affiché peut être ancien."));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) window.location.reload();
  else if (status === 403) failed("Votre compte ne permet pas cette action, ou la page a expiré : rechargez-la.");
  else if (status === 404) failed("Cet élément n’existe plus : rechargez la page.");
  else failed("Le service n’a pas pu répondre : ce qui est affiché peut être ancien.");
});

// Filters that apply as soon as one is chosen.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto-submit]");
  if (form && event.target.matches("select, [type=checkbox], [type=radio]")) form.requestSubmit();
});

// Lists to put in order: dragged by their handle; the form that moves one row is the same as without scripts.
let dragged = null;
document.addEventListener("dragstart", (event) => {
  const row = event.target.closest("[data-order-row]");
  if (!row) return;
  dragged = row;
  row.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.orderRow);
});
document.addEventListener("dragover", (event) => {
  const row = event.target.closest("[data-order-row]");
  if (!dragged || !row || row === dragged || row.parentNode !== dragged.parentNode) return;
  event.preventDefault();
  const middle = row.getBoundingClientRect().top + row.offsetHeight / 2;
  row.parentNode.insertBefore(dragged, event.clientY < middle ? row : row.nextSibling);
});
document.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
document.addEventListener("dragend", () => {
  if (!dragged) return;
  const list = dragged.closest("[data-order-form]");
  dragged.classList.remove("dragged");
  dragged = null;
  const form = list && document.getElementById(list.dataset.orderForm);
  if (!form) return;
  const order = [...list.querySelectorAll("[data-order-row]")].map((row) => row.dataset.orderRow);
  const field = form.querySelector("[name=order]");
  if (field.value === order.join(",")) return;
  field.value = order.join(",");
  form.requestSubmit();
});

// Two clicks on one button send one form.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  window.setTimeout(() => { delete form.dataset.sent; }, 3000);
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});
