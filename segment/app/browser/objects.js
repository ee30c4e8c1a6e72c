// The objects of an image: a sentence, a histogram of their diameters, and a row for each, which leads to its place.
import { look, path } from "./api.js";
import { find, fresh, make } from "./dom.js";

let shown = null;
let onChosen = () => {};

function histogram({ counts, bounds, unit }) {
  const [wide, high, foot] = [420, 120, 18];
  const top = Math.max(...counts, 1e-12);
  const bars = counts.map((count, index) => {
    const tall = (count / top) * (high - foot - 4);
    return `<rect x="${(index * wide) / counts.length + 1}" y="${high - foot - tall}" width="${wide / counts.length - 2}" height="${tall}" fill="#56b4e9"/>`;
  });
  const label = (value, place, anchor) => `<text x="${place}" y="${high - 4}" text-anchor="${anchor}">${Number(value.toPrecision(3))} ${unit}</text>`;
  return `<svg viewBox="0 0 ${wide} ${high}" role="img" aria-label="Histogram of the diameters by number">${bars.join("")}${label(bounds[0], 0, "start")}${label(bounds.at(-1), wide, "end")}</svg>`;
}

export async function showObjects(view, choose, redraw) {
  onChosen = choose;
  const what = find("#objects-what");
  const options = [...view.phases.map(({ phase, name }) => [phase, name]), ["bright", "bright objects of the image"], ["dark", "dark objects of the image"]];
  if (fresh(what, options)) {
    const kept = what.value;
    what.replaceChildren(...options.map(([value, name]) => new Option(name, value)));
    if (options.some(([value]) => String(value) === kept)) what.value = kept;
  }
  const table = find("#objects-table");
  if (!fresh(table, view.objects)) return;
  shown = view.objects ? await look(path("/objects")).catch(() => null) : null;
  find("#objects-histogram").innerHTML = shown?.counts.length ? histogram(shown) : "";
  find("#objects-said").textContent = shown ? shown.said : "Size and shape of every particle, pore or region appear here.";
  if (!shown) {
    table.replaceChildren();
  } else {
    const rows = shown.rows.map((row) => {
      const number = make("button", { type: "button", textContent: row[0], attributes: { "aria-label": `Show object ${row[0]}` } });
      const made = make("tr", { dataset: { object: row[0] } }, make("td", {}, number), ...row.slice(1).map((value) => make("td", { textContent: value ?? "" })));
      made.addEventListener("click", () => onChosen(row[0]));
      return made;
    });
    table.replaceChildren(make("thead", {}, make("tr", {}, ...shown.columns.map((name) => make("th", { textContent: name.replace("_um2", " µm²").replace("_um", " µm").replaceAll("_", " "), scope: "col" })))), make("tbody", {}, ...rows));
    if (shown.n > shown.rows.length) table.append(make("caption", { textContent: `The first ${shown.rows.length} of ${shown.n}; the download has all.` }));
  }
  redraw();
}

/** x, y and the largest diameter of an object, in pixels of the image. */
export function placeOf(number) {
  const row = shown?.rows.findIndex(([label]) => label === number) ?? -1;
  return row < 0 ? null : shown.places[row];
}

export function markRow(number) {
  for (const row of document.querySelectorAll("#objects-table tr.selected")) row.classList.remove("selected");
  const row = document.querySelector(`#objects-table tr[data-object="${number}"]`);
  row?.classList.add("selected");
  row?.scrollIntoView({ block: "nearest" });
}

export function describe(number) {
  const row = shown?.rows.find(([label]) => label === number);
  if (!row) return "";
  const value = (name) => row[shown.columns.indexOf(name)];
  const diameter = value(shown.unit === "px" ? "diameter_px" : "diameter_um");
  return `Object ${number}: diameter ${diameter} ${shown.unit}, aspect ${value("aspect")}. `;
}

export function listenToObjects(current, run) {
  find("#measure").addEventListener("click", () =>
    run("measure", { image: current()?.name, what: find("#objects-what").value, split: find("#objects-split").checked, min_pixels: find("#objects-least").value }));
}
