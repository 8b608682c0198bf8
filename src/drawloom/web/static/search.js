// The search of `drawloom docs build`. There is no server, so what can be found is a script, which is loaded when somebody searches.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-find]");
  const index = document.querySelector("link[rel=drawloom-search]").href;
  const root = new URL("../", index);
  const input = box.querySelector("input"), panel = box.querySelector(".found"), list = box.querySelector("ul"), told = box.querySelector("[role=status]");
  const MOST = 30, KINDS = ["table", "macro", "column"];
  let entries = null, asked = false;
  box.hidden = false;

  function load() {
    if (asked) return;
    asked = true;
    const script = document.createElement("script");
    script.src = index;
    script.onload = () => {
      entries = globalThis.drawloomIndex.map(([kind, name, text, words, file]) => {
        const low = name.toLowerCase();
        return { kind, name, text, file, low, last: low.split(".").pop(), all: [name, text, words].join(" ").toLowerCase() };
      });
      search();
    };
    script.onerror = () => { panel.hidden = false; told.textContent = "docs/search-index.js is missing: build the documentation again."; };
    document.head.append(script);
  }

  // Exact names come before names that begin so, those before names that have it, those before descriptions, owners and tags.
  function rank(entry, words) {
    if (!words.every((word) => entry.all.includes(word))) return -1;
    const [first] = words, names = [entry.low, entry.last];
    const near = names.includes(first) ? 0 : names.some((name) => name.startsWith(first)) ? 1 : words.every((word) => entry.low.includes(word)) ? 2 : 3;
    return near * 10 + KINDS.indexOf(entry.kind);
  }

  function search() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    panel.hidden = !(words.length && entries);
    if (panel.hidden) return;
    const ranked = entries.map((entry) => [rank(entry, words), entry]).filter(([n]) => n >= 0);
    ranked.sort(([n, one], [m, other]) => n - m || (one.name < other.name ? -1 : 1));
    list.replaceChildren(...ranked.slice(0, MOST).map(([, entry]) => item(entry)));
    const count = ranked.length.toLocaleString("en");
    told.textContent = ranked.length > MOST ? `${MOST} of ${count}; another word narrows them` : ranked.length ? `${count} found` : "Nothing has all of these words.";
  }

  function item(entry) {
    const made = document.createElement("li"), link = document.createElement("a");
    link.href = new URL(entry.file, root);
    const [name, kind, text] = [["strong", "", entry.name], ["span", "pill", entry.kind], ["span", "quiet", entry.text]].map(([tag, style, content]) =>
      Object.assign(document.createElement(tag), { className: style, textContent: content }));
    link.append(name, " ", kind, text);
    made.append(link);
    return made;
  }

  function close() {
    input.value = "";
    panel.hidden = true;
    document.activeElement.blur();
  }

  input.addEventListener("focus", () => { load(); search(); });
  input.addEventListener("input", search);
  box.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement);
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown" && !panel.hidden) links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] ?? input).focus();
    else if (event.key === "Enter" && at < 0 && !panel.hidden) links[0]?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", () => setTimeout(close)); // a place on this very page opens no other
  addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) panel.hidden = true; });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || document.activeElement === input) return;
    event.preventDefault();
    input.focus();
  });
});
