"use strict";
// Filters and sorts the cards, keeps the state in the address, and draws each figure when it comes into view.

const root = document.documentElement;
root.classList.add("js");
const form = document.getElementById("filter");
const list = document.getElementById("cards");
const cards = [...list.children];
const FILTERS = ["q", "family", "verdict", "impl", "sort"];

// The state in the address: "#A02&verdict=refuted&q=sigmoid"; the card has no "=".

function read() {
  const state = { card: "" };
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (FILTERS.includes(name) || name === "theme") state[name] = value;
    else if (!value) state.card = name;
  }
  return state;
}

function address(state) {
  const rest = new URLSearchParams();
  for (const name of [...FILTERS, "theme"]) if (state[name]) rest.set(name, state[name]);
  return "#" + [state.card && encodeURIComponent(state.card), rest.toString()].filter(Boolean).join("&");
}

function go(change, replace = false) {
  const to = address({ ...read(), ...change });
  if (to === (location.hash || "#")) return apply();
  history[replace ? "replaceState" : "pushState"](null, "", to);
  apply();
}

// Filtering and sorting

const texts = new Map(cards.map((card) => [card, card.textContent.toLowerCase()]));

function matches(card, state) {
  const words = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
  return (
    (!state.family || card.dataset.family === state.family) &&
    (!state.verdict || card.dataset.verdict.split(" ").includes(state.verdict)) &&
    (!state.impl || card.dataset.impl === state.impl) &&
    words.every((word) => texts.get(card).includes(word))
  );
}

// How surprising a card is: news first, then refuted, conditional and supported claims.
const surprise = (card) =>
  ["unexpected", "refuted", "conditional", "not-run"].findIndex((word) => card.dataset.verdict.includes(word)) >>> 0;
const title = (card) => card.querySelector("h3").textContent.trim();
const place = (a, b) => a.dataset.order - b.dataset.order;
const ORDERS = {
  news: (a, b) => surprise(a) - surprise(b) || place(a, b),
  seconds: (a, b) => b.dataset.seconds - a.dataset.seconds,
  runs: (a, b) => b.dataset.runs - a.dataset.runs,
  title: (a, b) => title(a).localeCompare(title(b)),
};

let sorted = "";
function apply() {
  const state = read();
  theme(state.theme);
  for (const name of FILTERS) if (form.elements[name].value !== (state[name] || "")) form.elements[name].value = state[name] || "";
  let shown = 0;
  for (const card of cards) {
    // A card that was asked for by its address is shown, whatever the filters say.
    const fits = matches(card, state) || card.id === state.card;
    card.hidden = !fits;
    shown += fits;
    card.classList.toggle("here", card.id === state.card);
  }
  if (sorted !== (state.sort || "")) list.append(...[...cards].sort(ORDERS[state.sort] || place));
  sorted = state.sort || "";
  form.querySelector("output").value = `${shown} of ${cards.length} shown`;
  document.getElementById("nothing").hidden = shown > 0;
}

function visit() {
  apply();
  const card = document.getElementById(read().card);
  if (card && list.contains(card)) {
    card.scrollIntoView({ behavior: "instant" });
    card.focus({ preventScroll: true });
  }
}

form.addEventListener("input", (event) => go({ card: "", [event.target.name]: event.target.value }, event.target.name === "q"));
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault();
  go(Object.fromEntries(["card", ...FILTERS].map((name) => [name, ""])));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link || link.className === "skip") return;
  event.preventDefault();
  const card = decodeURIComponent(link.hash.slice(1));
  go(card ? { card } : Object.fromEntries(["card", ...FILTERS].map((name) => [name, ""])));
  visit();
});
window.addEventListener("popstate", visit);

// Light and dark

const button = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

function theme(chosen) {
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  else delete root.dataset.theme;
  button.textContent = dark() ? "Light page" : "Dark page";
}
button.addEventListener("click", () => go({ theme: dark() ? "light" : "dark" }, true));
system.addEventListener("change", () => theme(read().theme));

// Figures

const views = new Map();

// Columns, as they lie in the page, to the rows that Vega reads.
function unpacked({ rows, columns }) {
  const value = (column, row) =>
    Array.isArray(column) ? column[row] : column?.words ? column.words[column.places[row]] : column;
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, value(column, row)])));
}

// A specification for the width that there is: panels below each other, legends below the picture.
function fitted(spec, width) {
  const narrow = width < 560;
  const inner = spec.spec || spec;
  if (spec.columns && narrow) spec.columns = 1;
  if (narrow && typeof inner.width === "number") {
    inner.width = spec.spec ? Math.max(width - 80, 140) : width; // of a panel; of the whole, axes included
    if (!spec.spec) spec.autosize = { type: "fit-x", contains: "padding" };
  }
  const config = (spec.config ||= {});
  if (narrow) config.legend = { ...config.legend, orient: "bottom", columns: 3, labelLimit: 110 };
  return spec;
}

async function draw(box) {
  if (box.dataset.state) return;
  box.dataset.state = "drawing";
  try {
    const spec = JSON.parse(document.getElementById(box.dataset.spec).textContent);
    for (const name in spec.datasets) spec.datasets[name] = unpacked(spec.datasets[name]);
    // `ast`: expressions are interpreted, since the page's policy allows no code made of text.
    const options = { mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false };
    const { view } = await vegaEmbed(box, fitted(spec, box.clientWidth), { ...options, tooltip: { disableDefaultStyle: true } });
    // The description of the whole stands for thousands of points.
    for (const svg of box.querySelectorAll("svg")) svg.setAttribute("aria-hidden", "true");
    views.set(box, view);
    box.dataset.state = "drawn";
  } catch (error) {
    box.dataset.state = "failed";
    box.textContent = `This figure could not be drawn: ${error.message}`;
    console.error(error);
  }
  box.classList.add("drawn");
}

const boxes = [...document.querySelectorAll(".chart")];
const watch = new IntersectionObserver(
  (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => (watch.unobserve(one.target), draw(one.target))),
  { rootMargin: "600px" });
boxes.forEach((box) => watch.observe(box));
window.addEventListener("beforeprint", () => boxes.filter((box) => box.checkVisibility()).forEach(draw));

document.addEventListener("click", async (event) => {
  const kind = event.target.dataset?.save;
  if (!kind) return;
  const figure = event.target.closest(".picture");
  const box = figure.querySelector(".chart");
  await draw(box);
  if (!views.has(box)) return;
  const link = document.createElement("a");
  link.href = await views.get(box).toImageURL(kind, 2);
  link.download = `${box.dataset.spec.replace("spec-", "")}.${kind}`;
  link.click();
});

visit();
