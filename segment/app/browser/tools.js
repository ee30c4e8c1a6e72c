// What the mouse and the keyboard do on the image: move, paint, erase, outline, measure the scale bar, ask for a phase.
import { act, look, path } from "./api.js";
import { find, fresh, make, confirmed } from "./dom.js";

const rounded = (points) => points.map((point) => point.map((value) => Math.round(10 * value) / 10));
export const tool = () => find("#tools input:checked").value;
const breadth = () => Number(find("#breadth").value);

export class Tools {
  constructor({ redraw, say, select }) {
    Object.assign(this, { redraw, say, select });
    this.draft = null;
    find("#tools").addEventListener("change", () => {
      this.draft = null;
      this.follow();
      redraw();
    });
    find("#breadth").addEventListener("input", () => (find("#breadth-said").textContent = `${breadth()} px`));
    find("#wipe").addEventListener("click", async () => {
      const image = this.image?.name;
      if (image && this.image.strokes.length + Boolean(this.image.painted) && (await confirmed(`Delete all strokes on ${image}?`))) act("wipe", { image });
    });
    this.follow();
  }

  follow() {
    find("#palette").hidden = !["brush", "eraser", "pick"].includes(tool());
  }

  show(view, image) {
    this.image = image;
    const brushes = view.phases.flatMap(({ members, name, colour }) => members.slice(0, 1).map((phase) => ({ phase, name, colour })));
    const place = find("#brushes");
    if (!fresh(place, brushes)) return;
    const chosen = place.querySelector("input:checked")?.value;
    place.replaceChildren(
      ...brushes.map(({ phase, name, colour }) => {
        const swatch = make("i");
        swatch.style.background = colour;
        return make("label", {}, make("input", { type: "radio", name: "brush", value: phase, checked: String(phase) === chosen }), swatch, name);
      }),
    );
    if (!place.querySelector("input:checked") && brushes.length) place.querySelector("input").checked = true;
  }

  /** One step of a gesture on a pane: its kind, the place in the image, the pane. */
  handle(kind, place, pane) {
    if (!pane.image) return;
    const image = pane.image.name;
    const name = tool();
    if (kind === "escape") this.#clear(pane);
    else if (kind === "point" || (kind === "key" && name === "hand")) this.#point(place, image);
    else if (name === "pick") {
      if (kind !== "extend" && kind !== "finish") this.#pick(place, pane.image);
    } else if (kind === "begin") this.#begin(name, place, pane);
    else if (kind === "extend") this.#extend(name, place, pane);
    else if (kind === "finish") this.#finish(image, pane);
    else if (kind === "key") this.#key(name, place, pane);
    else if (kind === "close") this.#finish(image, pane);
  }

  #begin(kind, place, pane) {
    const phase = Number(find("#brushes input:checked")?.value ?? 0);
    this.draft = pane.draft = { kind, phase, width: breadth(), points: [place] };
    pane.draw();
  }

  #extend(kind, place, pane) {
    if (!this.draft) return;
    const { points } = this.draft;
    const last = points.at(-1);
    if (Math.hypot(place[0] - last[0], place[1] - last[1]) * pane.viewport.scale < 1) return;
    if (kind === "line") points.splice(1, points.length, place);
    else points.push(place);
    pane.draw();
  }

  /** With the keyboard a stroke is a dot; a line has two ends, and an outline as many corners as one likes. */
  #key(kind, place, pane) {
    if (kind === "brush" || kind === "eraser") {
      this.#begin(kind, place, pane);
      this.#finish(pane.image.name, pane);
    } else if (!this.draft) {
      this.#begin(kind, place, pane);
      this.say(kind === "line" ? "One end is set: move to the other, and press Enter." : "The first corner is set: move on, Enter sets the next, Shift+Enter closes.");
    } else {
      this.draft.points.push(place);
      pane.draw();
      if (kind === "line") this.#finish(pane.image.name, pane);
    }
  }

  #clear(pane) {
    this.draft = pane.draft = null;
    pane.draw();
  }

  async #finish(image, pane) {
    if (!this.draft) return;
    const { kind, phase, width, points: drawn } = this.draft;
    const points = rounded(drawn);
    if (kind === "line") await this.#calibrate(image, points);
    else if (kind === "brush") await act("paint", { image, phase, width, points });
    else if (kind === "eraser") await act("rub", { image, width, points });
    else await act("outline", { image, kind, points });
    this.#clear(pane);
  }

  async #calibrate(image, points) {
    if (points.length < 2) return;
    const dialog = find("#length");
    find("#length-px").value = Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]).toFixed(1);
    dialog.returnValue = "no";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue === "yes") {
      await act("calibrate", { image, points, length: find("#length-um").value, everywhere: find("#length-everywhere").checked });
    }
  }

  #pick([x, y], image) {
    const distance = ({ points, width }) => Math.min(...points.map((point, index) => toSegment([x, y], point, points[index + 1] ?? point))) - width / 2;
    let [best, number] = [4, -1];
    image.strokes.forEach((stroke, index) => {
      if (distance(stroke) <= best) [best, number] = [distance(stroke), index];
    });
    if (number < 0) this.say("There is no stroke here.");
    else act("erase", { image: image.name, number });
  }

  async #point([x, y], image) {
    try {
      const spot = await look(path(`/point?image=${encodeURIComponent(image)}&x=${x}&y=${y}`));
      const about = this.select(spot);
      const phase = spot.name === undefined ? "" : `Row ${spot.row}, column ${spot.column}: ${spot.name}, probability ${spot.probability.toFixed(2)}.`;
      this.say(about + phase);
    } catch (error) {
      this.say(error.message);
    }
  }
}

function toSegment([x, y], [x0, y0], [x1, y1]) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const along = dx || dy ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
}
