// Filters for the cases, and keys to move between them. Without scripts every case is listed.
"use strict";
for (const browser of document.querySelectorAll(".browser")) {
  const cases = [...browser.querySelectorAll(".case")];
  const methods = JSON.parse(browser.dataset.methods);
  const scores = JSON.parse(browser.dataset.scores);

  const labelled = (text, control) => {
    const label = document.createElement("label");
    label.append(text, " ", control);
    return label;
  };
  const choice = (values) => {
    const select = document.createElement("select");
    select.append(...values.map((value) => new Option(value, value)));
    return select;
  };

  const label = choice(["any", "yes", "no"]);
  const score = choice(scores);
  const first = choice(methods);
  const second = choice(methods);
  first.value = methods.includes("ppo") ? "ppo" : methods[methods.length - 1];
  second.value = methods.includes("sft") ? "sft" : methods[0];
  const least = document.createElement("input");
  Object.assign(least, { type: "number", step: "0.1", placeholder: "any" });
  const sorted = document.createElement("input");
  sorted.type = "checkbox";
  const words = document.createElement("input");
  Object.assign(words, { type: "search", placeholder: "title or text" });
  const shown = methods.map((method) => {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", checked: true, value: method });
    return box;
  });
  const methodsShown = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = "Methods shown";
  methodsShown.append(legend, ...shown.map((box) => labelled(box.value, box)));
  const count = document.createElement("p");
  count.setAttribute("aria-live", "polite");
  const keys = document.createElement("p");
  keys.className = "keys";
  keys.textContent = "In the list: j or n for the next case, k or p for the previous one, Enter or Space to open it.";

  const form = document.createElement("form");
  form.className = "controls";
  form.setAttribute("aria-label", "Choose cases");
  form.append(
    labelled("recommender says", label),
    labelled("score", score),
    labelled("of", first),
    labelled("minus", second),
    labelled("at least", least),
    labelled("largest first", sorted),
    labelled("search", words),
    methodsShown,
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  browser.prepend(form, count, keys);

  const scoreOf = (one, method) => {
    const said = [...one.querySelectorAll("[data-method]")].find((s) => s.dataset.method === method);
    return said ? JSON.parse(said.dataset.scores)[scores.indexOf(score.value)] : null;
  };
  const difference = (one) => {
    const [a, b] = [scoreOf(one, first.value), scoreOf(one, second.value)];
    return a === null || b === null || a === undefined || b === undefined ? null : a - b;
  };
  const update = () => {
    const wanted = words.value.trim().toLowerCase();
    const apart = new Map(cases.map((one) => [one, difference(one)]));
    for (const one of cases) {
      const by = apart.get(one);
      one.hidden =
        (label.value !== "any" && one.dataset.label !== label.value) ||
        (least.value !== "" && (by === null || by < Number(least.value))) ||
        (wanted !== "" && !one.textContent.toLowerCase().includes(wanted));
    }
    const order = sorted.checked
      ? [...cases].sort((a, b) => (apart.get(b) ?? -Infinity) - (apart.get(a) ?? -Infinity))
      : cases;
    browser.append(...order);
    for (const said of browser.querySelectorAll("[data-method]")) {
      said.hidden = !shown.find((box) => box.value === said.dataset.method).checked;
    }
    count.textContent = `${cases.filter((one) => !one.hidden).length} of ${cases.length} cases`;
  };
  form.addEventListener("input", update);
  update();

  browser.addEventListener("keydown", (event) => {
    const step = { j: 1, n: 1, k: -1, p: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || form.contains(event.target)) return;
    const visible = [...browser.querySelectorAll(".case:not([hidden])")];
    const now = visible.indexOf(event.target.closest(".case"));
    const next = visible[Math.min(visible.length - 1, Math.max(0, now + step))];
    if (next) {
      next.querySelector("summary").focus();
      event.preventDefault();
    }
  });
}
