// Files, folders and archives that are dropped on a form with data-drop become those of its first file field; their names are shown.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-drop]");
  const field = form?.querySelector("input[type=file]");
  const names = form?.querySelector("[data-drop-names]");
  if (!field || !names || !globalThis.DataTransfer) return;
  const MOST = 200;
  form.querySelector("[data-drop-help]").hidden = false;

  async function filesOf(entry) {
    if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
    const reader = entry.createReader(), found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length || found.length > MOST) return found;
      for (const one of some) found.push(...await filesOf(one));
    }
  }

  function list() {
    const chosen = [...form.querySelectorAll("input[type=file]")].flatMap((one) => [...one.files]);
    names.replaceChildren(...chosen.slice(0, MOST).map((file) => {
      const made = document.createElement("li");
      made.textContent = file.webkitRelativePath || file.name;
      return made;
    }));
  }

  form.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); form.classList.add("over"); } });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", async (event) => {
    form.classList.remove("over");
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const plain = [...event.dataTransfer.files];
    const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean);
    const found = entries.length ? (await Promise.all(entries.map(filesOf))).flat() : plain;
    const kept = new DataTransfer();
    for (const file of found) if (/\.(sql|zip)$/i.test(file.name)) kept.items.add(file);
    field.files = kept.files;
    list();
  });
  form.addEventListener("change", list);
});
