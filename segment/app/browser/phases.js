// The table of phases: colour, name, fraction, and what can be done with one.
import { act } from "./api.js";
import { find, fresh, make, set } from "./dom.js";

const body = find("#phases tbody");

function menu(phase, view) {
  const others = view.phases.filter((other) => other.phase !== phase.phase);
  const into = make("select", { attributes: { "aria-label": `Merge ${phase.name} into` } }, new Option("Merge into …", ""));
  for (const other of others) into.append(new Option(other.name, other.phase));
  into.addEventListener("change", () => into.value !== "" && act("merge", { phase: phase.phase, into: Number(into.value) }));
  const split = make("button", { type: "button", textContent: "Split by strokes" });
  split.addEventListener("click", () => act("split", { phase: phase.phase }));
  const parts = [into, split];
  if (phase.members.length > 1) {
    const apart = make("button", { type: "button", textContent: "Separate" });
    apart.addEventListener("click", () => act("separate", { phase: phase.phase }));
    parts.push(apart);
  }
  return make(
    "details", { className: "menu" },
    make("summary", { textContent: "⋯", attributes: { "aria-label": `More for ${phase.name}` } }),
    make("div", { className: "sheet" }, ...parts),
  );
}

function row(phase, view) {
  const colour = make("input", { type: "color", dataset: { phase: phase.phase }, attributes: { "aria-label": `Colour of phase ${phase.phase}` } });
  const name = make("input", { type: "text", maxLength: 80, dataset: { phase: phase.phase }, attributes: { "aria-label": `Name of phase ${phase.phase}`, list: "phase-names" } });
  colour.addEventListener("change", () => act("recolour", { phase: phase.phase, colour: colour.value }));
  name.addEventListener("input", () => (name.dataset.typed = "yes"));
  name.addEventListener("change", () => {
    delete name.dataset.typed;
    act("rename", { phase: phase.phase, name: name.value });
  });
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter") name.blur();
    if (event.key === "Escape") {
      delete name.dataset.typed;
      name.value = phase.name;
    }
  });
  return make(
    "tr", { dataset: { phase: phase.phase } },
    make("td", {}, colour),
    make("td", {}, name, make("div", { className: "detail" }), make("div", { className: "caution" })),
    make("td", { className: "number fraction" }),
    make("td", {}, menu(phase, view)),
  );
}

function area(fraction, image) {
  if (fraction === undefined || !image?.pixel_size) return "";
  // One unit for all phases of an image.
  const whole = image.pixels * image.pixel_size ** 2;
  const [unit, size] = whole >= 1e6 ? ["mm²", 1e6] : ["µm²", 1];
  return `${Number(((fraction * whole) / size).toPrecision(4))} ${unit}`;
}

/** Of a phase that somebody looked at and named, only where its boundary runs is open. */
function interval(ends, { is_named: isNamed }) {
  if (!ends) return "";
  const [low, high] = isNamed ? ends.slice(2) : ends;
  return `(${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)})`;
}

export function showPhases(view, image, selected) {
  // The menus name the other phases.
  if (fresh(body, view.phases.map(({ phase, members, name }) => [phase, members, name]))) {
    const active = document.activeElement?.getAttribute("aria-label");
    body.replaceChildren(...view.phases.map((phase) => row(phase, view)));
    if (active) body.querySelector(`[aria-label="${CSS.escape(active)}"]`)?.focus();
  }
  find("#phase-names").replaceChildren(...view.suggestions.map((name) => new Option(name, name)));
  view.phases.forEach((phase, index) => {
    const shown = body.rows[index];
    const [colour, name] = shown.querySelectorAll("input");
    set(colour, phase.colour);
    set(name, phase.name);
    const fraction = image?.fractions[index];
    const cell = shown.querySelector(".fraction");
    cell.textContent = fraction === undefined ? "" : (100 * fraction).toFixed(1);
    const between = interval(image?.intervals[index], phase);
    if (between) cell.append(make("small", { textContent: between }));
    shown.querySelector(".detail").textContent = [area(fraction, image), phase.over, phase.replicability].filter(Boolean).join("\n");
    shown.querySelector(".caution").textContent = phase.caution;
    shown.classList.toggle("selected", phase.phase === selected);
  });
  const remarks = find("#remarks");
  if (fresh(remarks, view.remarks)) remarks.replaceChildren(...view.remarks.map((text) => make("li", { textContent: text })));
  const isOfTwo = view.images.filter(({ colours }) => colours).length === 2;
  find("#two-said").hidden = !isOfTwo || !view.phases.some(({ over }) => over.includes("±"));
  find("#intervals-said").hidden = !image?.intervals.some(Boolean);
  showFields(view);
}

/** One line a phase over the images: which image is unlike the others is seen at a glance. */
function showFields(view) {
  const figure = find("#per-field");
  const mapped = view.images.filter((image) => image.fractions.length);
  figure.hidden = mapped.length < 2;
  if (figure.hidden || !fresh(figure, [mapped.map(({ name, fractions }) => [name, fractions]), view.phases.map(({ colour }) => colour)])) return;
  const [wide, high, left, foot] = [280, 130, 30, 16];
  const x = (index) => left + 8 + (index * (wide - left - 16)) / Math.max(1, mapped.length - 1);
  const y = (fraction) => 6 + (1 - fraction) * (high - foot - 6);
  const lines = [0, 0.5, 1].map((level) => `<line x1="${left}" x2="${wide}" y1="${y(level)}" y2="${y(level)}" stroke="#bbb"/><text x="${left - 4}" y="${y(level) + 4}" text-anchor="end">${100 * level}</text>`);
  const curves = view.phases.map(({ colour }, phase) => {
    const places = mapped.map(({ fractions }, index) => [x(index), y(fractions[phase] ?? 0)]);
    const points = mapped.map(({ name, fractions }, index) => `<circle cx="${places[index][0]}" cy="${places[index][1]}" r="3.5" fill="${colour}" stroke="#fff"><title></title></circle>`);
    return `<polyline points="${places.join(" ")}" fill="none" stroke="${colour}"/>${points.join("")}`;
  });
  const ticks = mapped.map((_, index) => (mapped.length <= 12 ? `<text x="${x(index)}" y="${high - 3}" text-anchor="middle">${index + 1}</text>` : ""));
  const plot = make("div");
  plot.innerHTML = `<svg viewBox="0 0 ${wide} ${high}" role="img" aria-label="Per cent of each phase, image by image">${lines.join("")}${curves.join("")}${ticks.join("")}</svg>`;
  const titles = plot.querySelectorAll("title");
  view.phases.forEach((phase, row) => mapped.forEach(({ name, fractions }, index) => {
    titles[row * mapped.length + index].textContent = `${name}: ${phase.name} ${(100 * (fractions[row] ?? 0)).toFixed(1)} %`;
  }));
  figure.replaceChildren(figure.querySelector("figcaption"), plot);
}
