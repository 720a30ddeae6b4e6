"use strict";
// The script of both pages. It makes no HTML itself. In the report it shows what is in the page; in
// the inbox it also fetches panels and rows, which the server has made.
(() => {
  const list = document.getElementById("list");
  const shown = document.getElementById("shown");
  const filter = document.getElementById("filter");
  const field = document.getElementById("field");
  const count = document.getElementById("count");
  const live = document.body.dataset.events;
  const rows = () => [...list.querySelectorAll(".row")];
  const visible = () => rows().filter((row) => !row.parentElement.hidden);

  // Choosing a message.

  async function panel(row) {
    const template = document.getElementById(`mail-${row.dataset.key}`);
    if (template) return template.content.cloneNode(true);
    const answer = await fetch(`${row.getAttribute("href")}/view`);
    if (!answer.ok) return document.createTextNode("This message no longer exists.");
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    return made.content;
  }

  function current(row) {
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    reachable(row);
  }

  // One row at a time can be reached with the Tab key; arrow keys go on from there.
  function reachable(row) {
    for (const other of list.querySelectorAll('.row[tabindex="0"]')) other.tabIndex = -1;
    row.tabIndex = 0;
  }

  async function open(row, moves = true) {
    current(row);
    const content = await panel(row);
    if (row.getAttribute("aria-current") !== "true") return;
    shown.replaceChildren(content);
    for (const place of shown.querySelectorAll("[data-copy]"))
      place.textContent = document.getElementById(place.dataset.copy)?.content.textContent ?? "";
    document.body.classList.add("reading");
    if (moves) document.getElementById("the-subject")?.focus();
    document.getElementById("reader").scrollTop = 0;
  }

  function back() {
    document.body.classList.remove("reading");
    const row = list.querySelector("[aria-current]") ?? visible()[0];
    row?.focus();
  }

  list.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", row.getAttribute("href"));
    open(row);
  });
  document.getElementById("back").addEventListener("click", back);

  // Keys.

  function step(row, key) {
    const all = visible();
    const at = all.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[key];
    return all[to];
  }

  list.addEventListener("keydown", (event) => {
    const next = step(event.target.closest(".row"), event.key);
    if (!next) return;
    event.preventDefault();
    reachable(next);
    next.focus();
  });
  document.addEventListener("keydown", (event) => {
    const writes = event.target.matches("input, select");
    if (event.key === "/" && !writes) {
      event.preventDefault();
      document.body.classList.remove("reading");
      filter.focus();
    } else if (event.key === "Escape" && !writes) back();
    else if (event.key === "ArrowDown" && event.target === filter) visible()[0]?.focus();
  });

  // Tabs, after the pattern of the ARIA Authoring Practices Guide.

  function choose(tab) {
    for (const other of tab.parentElement.children) {
      const is = other === tab;
      other.setAttribute("aria-selected", is);
      other.tabIndex = is ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !is;
    }
  }

  shown.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
    const phone = event.target.closest("[data-phone]");
    if (!phone) return;
    const is = phone.getAttribute("aria-pressed") !== "true";
    phone.setAttribute("aria-pressed", is);
    phone.closest(".view").classList.toggle("phone", is);
  });
  shown.addEventListener("keydown", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab) return;
    const all = [...tab.parentElement.children];
    const at = all.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all.at(to % all.length);
    choose(next);
    next.focus();
  });

  // The filter.

  const total = count.textContent;

  // The texts that the filter searches, made once for each row.
  const texts = new WeakMap();

  function textsOf(row, test) {
    if (!texts.has(row)) {
      const { to, subject } = row.dataset;
      const made = { all: `${test}\n${to}\n${subject}`, test, to, subject };
      for (const name in made) made[name] = made[name].toLowerCase();
      texts.set(row, made);
    }
    return texts.get(row);
  }

  function sift() {
    const words = filter.value.trim().toLowerCase();
    const left = [];
    for (const section of list.querySelectorAll(".case")) {
      const before = left.length;
      for (const row of section.querySelectorAll(".row")) {
        const is = textsOf(row, section.dataset.test)[field.value].includes(words);
        if (row.parentElement.hidden === is) row.parentElement.hidden = !is;
        if (is) left.push(row);
      }
      section.hidden = left.length === before;
    }
    document.getElementById("nothing").hidden = left.length > 0 || rows().length === 0;
    if (filter.value) count.textContent = `${left.length} shown`;
    else count.textContent = live ? said() : total;
    if (left.length && !left.some((row) => row.tabIndex === 0)) reachable(left[0]);
  }

  filter.addEventListener("input", sift);
  field.addEventListener("input", sift);

  // New mail, in the inbox.

  const said = () => `${rows().length} ${rows().length === 1 ? "message" : "messages"}`;

  function arrive(news) {
    const made = document.createElement("template");
    made.innerHTML = news.section;
    const section = made.content.querySelector(".case");
    const first = list.querySelector(".case");
    document.getElementById("empty")?.remove();
    for (const row of section.querySelectorAll(".row")) row.tabIndex = -1;
    if (first?.dataset.test === section.dataset.test)
      first.querySelector("ol").prepend(...section.querySelectorAll("li"));
    else list.prepend(section);
    sift();
  }

  // A browser allows few connections to one host, so only a visible page keeps one.
  let source;

  function listen() {
    source?.close();
    if (document.hidden || "isOver" in document.body.dataset) return;
    source = new EventSource(`${live}?after=${rows()[0]?.dataset.key ?? 0}`);
    source.addEventListener("mail", (event) => arrive(JSON.parse(event.data)));
    source.addEventListener("run", (event) => {
      // Another process answers now. It does not have the messages that this page shows.
      if (event.data !== document.body.dataset.run) location.assign("/");
    });
    source.addEventListener("error", () => {
      // A browser connects again and again. At a port that the system had chosen it would sooner or
      // later reach a server of somebody else's test.
      if ("mayReturn" in document.body.dataset) return;
      source.close();
      document.body.dataset.isOver = "";
    });
  }

  if (live) {
    document.addEventListener("visibilitychange", listen);
    listen();
  }

  for (const row of rows()) row.tabIndex = -1;
  if (rows().length) reachable(rows()[0]);
  const asked = rows().find((row) => row.getAttribute("href") === (location.hash || location.pathname));
  if (asked) open(asked, false);
})();
