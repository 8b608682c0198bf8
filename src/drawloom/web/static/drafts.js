// What somebody typed into a form and has not saved stays in this tab: after a link, after Back, and when the server is away.
// A form with data-draft has the name of its draft there, and data-typed where it shows what was typed and not what is saved.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const SENT = "drawloom draft sent";
  const PASSING = new Set(["form_token", "day", "commit", "anyway", "files"]); // of one look or one save, no part of the text
  let store = null;
  try { store = globalThis.sessionStorage; } catch { /* none here: leaving is asked about all the same */ }

  function keep(key, text) {
    try { if (text === null) store?.removeItem(key); else store?.setItem(key, text); } catch { /* it is full */ }
  }
  if (document.querySelector("[data-draft-saved]") && store?.getItem(SENT)) {
    keep(store.getItem(SENT), null);
    keep(SENT, null);
  }
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const key = `drawloom draft ${form.dataset.draft}`;
  const typed = () => JSON.stringify(Object.fromEntries(
    [...new FormData(form)].filter(([name, value]) => !PASSING.has(name) && typeof value === "string")));
  const saved = form.dataset.typed === undefined ? typed() : "";
  let sending = false;

  function restore(text) {
    let fields;
    try { fields = JSON.parse(text); } catch { return; }
    if ((fields.whole ?? "") !== (form.elements.namedItem("whole")?.value ?? "")) return;
    for (const [name, value] of Object.entries(fields)) {
      const field = form.elements.namedItem(name);
      if (!field) continue;
      field.value = value;
      if (value && field instanceof Element) field.closest("details")?.setAttribute("open", "");
    }
    form.dataset.restored = "";
    document.querySelector("[data-draft-restored]").hidden = false;
  }

  const kept = store?.getItem(key);
  if (form.dataset.typed !== undefined) keep(key, typed());
  else if (kept && kept !== saved) restore(kept);
  document.querySelector("[data-draft-discard]")?.addEventListener("click", () => {
    keep(key, null);
    sending = true;
    location.assign(form.dataset.fresh);
  });
  form.addEventListener("input", () => keep(key, typed() === saved ? null : typed()));
  form.addEventListener("submit", () => { keep(SENT, key); sending = true; });
  addEventListener("pageshow", () => { sending = false; });
  addEventListener("beforeunload", (event) => { if (!sending && typed() !== saved) event.preventDefault(); });
});
