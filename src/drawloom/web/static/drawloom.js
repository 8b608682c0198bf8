// What pages gain with a script: the theme, a cursor in charts, pictures as PNG, and a Show button that stands out once something was chosen.
// Airflow keeps its theme under the same key, so a page inside of it follows along.
"use strict";
(() => {
  const root = document.documentElement;

  function applyTheme() {
    let theme = null;
    try { theme = localStorage.getItem("theme"); } catch { /* no storage here: the system's theme */ }
    if (theme === "light" || theme === "dark") root.dataset.theme = theme; else delete root.dataset.theme;
  }
  applyTheme();
  addEventListener("storage", applyTheme);

  function nextTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    try { localStorage.setItem("theme", dark ? "light" : "dark"); } catch { /* it lasts for this page only */ }
    root.dataset.theme = dark ? "light" : "dark";
  }

  // The cursor of a chart: the table under it has what the tip says.
  function addCursor(figure) {
    const svg = figure.querySelector("svg");
    const xs = figure.dataset.xs ? figure.dataset.xs.split(",").map(Number) : [];
    const table = figure.parentElement.querySelector("details table");
    if (!xs.length || !table) return;
    const heads = [...table.querySelectorAll("th")].map((cell) => cell.textContent);
    const rows = table.tBodies[0].rows;
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    tip.setAttribute("role", "status");
    figure.append(tip);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "cursor");
    let at = -1;

    function show(n) {
      at = Math.max(0, Math.min(xs.length - 1, n));
      if (!rows[at]) return;
      const height = svg.viewBox.baseVal.height;
      for (const [key, value] of [["x1", xs[at]], ["x2", xs[at]], ["y1", 10], ["y2", height - 26]]) line.setAttribute(key, value);
      svg.append(line);
      tip.replaceChildren(...[...rows[at].cells].map((cell, n) => {
        const row = document.createElement("p");
        row.textContent = n ? `${heads[n]}: ${cell.textContent}` : cell.textContent;
        return row;
      }));
      tip.hidden = false;
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      const left = xs[at] * scale + 12;
      const room = figure.scrollLeft + figure.clientWidth - tip.offsetWidth - 4;
      tip.style.left = `${Math.max(figure.scrollLeft, left > room ? xs[at] * scale - tip.offsetWidth - 12 : left)}px`;
      tip.style.top = "8px";
    }
    function hide() { tip.hidden = true; line.remove(); at = -1; }

    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      let best = 0;
      xs.forEach((one, n) => { if (Math.abs(one - x) < Math.abs(xs[best] - x)) best = n; });
      show(best);
    });
    svg.addEventListener("pointerleave", hide);
    figure.addEventListener("blur", hide);
    figure.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined && event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Escape") hide(); else show(Number.isFinite(step) ? at + step : step < 0 ? 0 : xs.length - 1);
    });
  }

  // The picture that the server draws for a download, as PNG at twice its size.
  async function savePng(button) {
    const card = button.closest(".card");
    const address = [...card.querySelectorAll(".downloads a")].find((one) => one.textContent === "SVG");
    const text = await (await fetch(address.href)).text();
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width * 2;
    canvas.height = image.height * 2;
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const link = document.createElement("a");
    link.download = `${button.dataset.png}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  }

  // A part that follows what happens on the server: told that something did, it is fetched as the server draws it now.
  function follow(part) {
    let heard = Date.now(), wanted = false, fetching = false;

    async function redraw() {
      wanted = true;
      if (fetching) return;
      fetching = true;
      while (wanted) {
        wanted = false;
        try {
          const answer = await fetch(part.dataset.part);
          if (answer.ok) show(await answer.text());
        } catch { /* the server is away: the next sign of life, or the timer below, asks again */ }
        await new Promise((done) => setTimeout(done, 700));
      }
      fetching = false;
    }

    function show(text) {
      const drawn = new DOMParser().parseFromString(text, "text/html").body;
      const focus = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.replaceChildren(...drawn.childNodes);
      if (focus) document.getElementById(focus)?.focus();
      if (part.querySelector("[data-over]")) { source?.close(); clearInterval(timer); location.reload(); }
    }

    const source = window.EventSource ? new EventSource(part.dataset.live) : null;
    const timer = setInterval(() => { if (Date.now() - heard > 12000) redraw(); }, 4000);
    for (const name of ["message", "beat", "end"]) {
      source?.addEventListener(name, () => {
        heard = Date.now();
        if (name === "end") source.close();
        if (name !== "beat") redraw();
      });
    }
  }

  // A token for forms of now: signing in again, in whatever tab, makes those of before too old.
  async function freshToken() {
    const answer = await fetch(document.body.dataset.token);
    if (answer.status === 401) throw new Error("You are signed out: nothing was sent. Sign in again in another tab, then send it once more; what you typed stays here.");
    if (!answer.ok) return;
    const token = await answer.text();
    for (const one of document.querySelectorAll("input[name=form_token]")) one.value = token;
  }
  globalThis.drawloomFreshToken = freshToken;

  function notice(text) {
    document.querySelector(".notice")?.remove();
    if (!text) return;
    const made = document.createElement("p");
    made.className = "notice";
    made.setAttribute("role", "alert");
    made.textContent = text;
    document.body.append(made);
  }

  // A form leaves this page only when there is somebody to take it.
  let sure = false;
  addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (form.method !== "post" || !document.body.dataset.token || sure) { sure = false; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    try {
      await freshToken();
    } catch (error) {
      notice(error instanceof TypeError ? "The server cannot be reached: nothing was sent. What you typed stays here; send it once more when the server is back." : error.message);
      return;
    }
    notice("");
    sure = true;
    if (submitter && !submitter.isConnected) form.append(Object.assign(submitter, { hidden: true })); // the panel was drawn anew
    form.requestSubmit(submitter);
  }, true);

  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-live]").forEach(follow);
    for (const button of document.querySelectorAll("[data-theme-button]")) {
      button.hidden = false;
      button.addEventListener("click", nextTheme);
    }
    document.querySelectorAll("[data-chart]").forEach(addCursor);
    for (const button of document.querySelectorAll("[data-png]")) {
      button.hidden = false;
      button.addEventListener("click", () => savePng(button));
    }
    for (const form of document.querySelectorAll("[data-choices]")) {
      form.addEventListener("change", () => form.querySelector("button").classList.add("primary")); // several may be chosen before one look
    }
  });
})();
