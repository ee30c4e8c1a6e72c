// The atomic columns of an image: drawn over it, each one says what it is, and a place of the list is turned to.
import { look } from "./api.js";
import { find, fresh, make } from "./dom.js";
import { showFindings } from "./findings.js";
import { Pane } from "./pane.js";
import { Viewport } from "./viewport.js";

const COLOURS = ["#56b4e9", "#e69f00", "#4fd0a5", "#f58dbe", "#f0e442", "#d5d5d5"];
const viewport = new Viewport();
let pane = null;
let columns = null;
let chosen = -1;

function groups() {
  return columns?.groups[find("#atoms-colour").value] ?? { of: [], names: [] };
}

/** Of the mouse the column that it points at; of the cross in the middle the nearest one, wherever it is. */
function nearest([x, y], reach = Math.max(3 * columns.radius, 8 / viewport.scale)) {
  let [best, number] = [reach, -1];
  columns.x.forEach((across, index) => {
    const distance = Math.hypot(across - x, columns.y[index] - y);
    if (distance < best) [best, number] = [distance, index];
  });
  return number;
}

function draw(context, toScreen, scale) {
  const { x, y, radius, edges, empty } = columns;
  const { of } = groups();
  const [wide, high] = [pane.wide, pane.high];
  const spots = x.map((across, index) => toScreen(across, y[index]));
  const isSeen = ([left, top]) => left > -20 && top > -20 && left < wide + 20 && top < high + 20;
  if (find("#atoms-bonds").checked) {
    context.beginPath();
    for (const [from, to] of edges) {
      if (!isSeen(spots[from]) && !isSeen(spots[to])) continue;
      context.moveTo(...spots[from]);
      context.lineTo(...spots[to]);
    }
    context.lineWidth = 1;
    context.strokeStyle = "rgb(255 255 255 / .55)";
    context.stroke();
  }
  context.lineWidth = 2;
  spots.forEach((spot, index) => {
    if (!isSeen(spot)) return;
    context.beginPath();
    context.arc(...spot, Math.max(3, radius * scale), 0, 2 * Math.PI);
    context.strokeStyle = COLOURS[(of[index] ?? 0) % COLOURS.length];
    context.stroke();
  });
  context.strokeStyle = "#ff5a4a";
  for (const [across, down] of empty) {
    const [left, top] = toScreen(across, down);
    context.beginPath();
    for (const [dx, dy] of [[1, 1], [1, -1]]) {
      context.moveTo(left - 5 * dx, top - 5 * dy);
      context.lineTo(left + 5 * dx, top + 5 * dy);
    }
    context.stroke();
  }
  if (chosen < 0) return;
  for (const [line, colour] of [[5, "#000"], [2, "#fff"]]) {
    context.beginPath();
    context.arc(...spots[chosen], Math.max(7, 2 * radius * scale), 0, 2 * Math.PI);
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.stroke();
  }
}

function point(place, reach) {
  if (!columns) return;
  const number = nearest(place, reach);
  if (number === chosen) return;
  chosen = number;
  find("#atoms-said").textContent = number < 0 ? "Point at a column: its position, class and neighbours appear here." : columns.said[number];
  pane.draw();
}

function legend() {
  const { names, of } = groups();
  find("#atoms-legend").replaceChildren(...names.flatMap((name, index) => {
    const count = of.filter((group) => group === index).length;
    if (!count) return [];
    const swatch = make("i");
    swatch.style.background = COLOURS[index % COLOURS.length];
    return [make("span", {}, swatch, `${name} (${count})`)];
  }));
}

function turn({ x, y, width, text }) {
  chosen = nearest([x, y], Infinity);
  viewport.turn(x, y, width);
  find("#atoms-said").textContent = text.startsWith("Column") ? columns.said[chosen] : text;
  find("#atoms-view").scrollIntoView({ block: "nearest" });
}

export async function showAtoms(view, current) {
  const found = view.findings.atoms;
  const image = view.images.find(({ name }) => name === found?.image);
  find("#atoms-image").textContent = current ? `of ${current.name}` : "";
  find("#atoms-size").placeholder = current?.pixel_size ? `${Number((1e6 * current.pixel_size).toPrecision(5))}` : "unknown";
  showFindings(find("#atoms-found"), found, turn);
  const host = find("#atoms-view");
  host.hidden = !found || !image;
  if (host.hidden) return;
  if (fresh(host, found.files["overlay.json"])) {
    columns = await look(found.files["overlay.json"]).catch(() => null);
    chosen = -1;
    if (!columns) return;
    find("#atoms-colour").replaceChildren(...Object.keys(columns.groups).map((name) => new Option(name, name)));
    find("#atoms-colouring").hidden = !Object.keys(columns.groups).length;
    legend();
  }
  if (!columns) return;
  pane ??= new Pane(find("#atoms-pane"), viewport, {
    onTool: (kind, place) => {
      if (kind === "key") point(place, Infinity);
      else if (kind === "point") point(place);
    },
    onHover: (place) => point(place),
    label: "Atomic columns",
  });
  pane.show({ ...image, strokes: [], regions: [], painted: null }, "micrograph", { opacity: 1, curtain: 0, isAdjusted: false, tool: "hand", colours: {}, overlay: draw });
}

export function listenToAtoms(current, run) {
  find("#find-atoms").addEventListener("click", () =>
    run("atoms", { image: current()?.name, cell: find("#atoms-cell").value, pixel_size: find("#atoms-size").value, is_dark: find("#atoms-dark").checked }));
  for (const selector of ["#atoms-colour", "#atoms-bonds"]) {
    find(selector).addEventListener("change", () => {
      legend();
      pane?.draw();
    });
  }
}
