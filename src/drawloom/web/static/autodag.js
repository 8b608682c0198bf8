// What the editor of specs gains with a script: colours and marks in the text, the panel follows along while somebody writes,
// fixes apply at once and can be undone, places can be jumped to, and Tab indents. Without it, Check, Fix and Save send the form.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-autodag]");
  const panel = document.getElementById("panel");
  const area = document.getElementById("sql");
  if (!form || !panel || !area) return;
  const WAIT = 350;
  let timer = 0;
  let running = null;
  let leaving = false; // the textarea, by Tab
  let shown = area.value; // the text that the panel is about
  const editor = openEditor();

  // CodeMirror before the textarea; the textarea itself where it cannot be had.
  function openEditor() {
    if (globalThis.drawloomEditor) {
      const label = document.querySelector("label[for=sql]").textContent;
      return globalThis.drawloomEditor(area, { nonce: form.dataset.nonce, label, highlight: area.dataset.editor === "sql" });
    }
    area.addEventListener("keydown", indent);
    area.addEventListener("blur", () => { leaving = false; });
    return { focus: () => area.focus(), select: (at) => area.setSelectionRange(at, at), replace: type, mark: () => {} };
  }

  function placeOf({ line, column }) {
    const above = area.value.split("\n").slice(0, Number(line) - 1).reduce((sum, one) => sum + one.length + 1, 0);
    return above + Number(column || 1) - 1;
  }

  function markPlaces() {
    const found = [...panel.querySelectorAll("li[data-line]")];
    editor.mark(found.map((one) => ({
      at: placeOf(one.dataset),
      severity: one.dataset.severity === "warn" ? "warning" : one.dataset.severity,
      message: one.textContent.replace(/\s+/g, " ").trim(),
    })));
  }

  function markFields() {
    for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
    for (const one of panel.querySelectorAll("li.error[data-field]")) {
      const field = form.elements.namedItem(one.dataset.field);
      if (field instanceof Element) field.setAttribute("aria-invalid", "true");
    }
  }

  // The new panel takes the place of the old one; what was open, ticked or focused stays so.
  function show(html) {
    const made = new DOMParser().parseFromString(html, "text/html").body;
    for (const one of panel.querySelectorAll("details[id]")) {
      const other = made.querySelector(`#${CSS.escape(one.id)}`);
      if (other) other.open = one.open;
    }
    for (const one of panel.querySelectorAll("input[type=checkbox]:checked")) {
      const other = made.querySelector(`input[name="${CSS.escape(one.name)}"]`);
      if (other) other.checked = true;
    }
    panel.replaceChildren(...made.childNodes);
    markFields();
  }

  const ask = (signal) => fetch(form.dataset.analyze, { method: "POST", body: new URLSearchParams(new FormData(form)), signal });

  async function analyze() {
    if (running) running.abort();
    const mine = new AbortController();
    running = mine;
    panel.setAttribute("aria-busy", "true");
    const text = area.value;
    try {
      let answer = await ask(mine.signal);
      if (answer.status === 403) { await globalThis.drawloomFreshToken(); answer = await ask(mine.signal); }
      if (answer.ok) { show(await answer.text()); shown = text; if (area.value === text) markPlaces(); } else say("The project cannot be read, or you are signed out: press Check. Nothing of yours is lost.");
    } catch (error) {
      if (error.name !== "AbortError") say("The server cannot be reached: what is said below is about an earlier text. Nothing of yours is lost.");
    } finally {
      if (running === mine) { running = null; panel.removeAttribute("aria-busy"); }
    }
  }

  function say(text) {
    const verdict = panel.querySelector(".verdict");
    if (!verdict) return;
    verdict.className = "verdict neutral";
    verdict.textContent = text;
  }

  // Typing through the browser, so that it can be undone.
  function type(start, end, text) {
    area.focus();
    area.setSelectionRange(start, end);
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (!done) area.setRangeText(text, start, end, "end");
  }

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(analyze, WAIT); });

  panel.addEventListener("click", (event) => {
    const fix = event.target.closest("[data-edits]");
    if (fix && area.value === shown) {
      event.preventDefault();
      for (const [start, end, text] of JSON.parse(fix.dataset.edits).reverse()) editor.replace(start, end, text);
      editor.focus();
      return;
    }
    const place = event.target.closest("[data-goto]");
    if (!place) return;
    event.preventDefault();
    editor.focus();
    editor.select(placeOf(place.closest("li").dataset));
  });

  // Tab indents; after Escape it leaves the text, as everywhere else.
  function indent(event) {
    if (event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      type(area.selectionStart, area.selectionEnd, "  ");
    }
    leaving = event.key === "Escape" || (leaving && event.key === "Shift");
  }
  for (const one of form.querySelectorAll("[data-editor-help]")) one.hidden = false;
  markFields();
  markPlaces();
  if (form.dataset.restored !== undefined) analyze();
});
