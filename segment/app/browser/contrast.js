// Grey histogram and contrast of the display: nothing that is computed changes.
import { look } from "./api.js";
import { find } from "./dom.js";

const [black, white] = [find("#black"), find("#white")];
let shown = null;
let levels = null;

export const isAdjusted = () => Number(black.value) !== 0 || Number(white.value) !== 255;

function apply(redraw) {
  const low = Number(black.value) / 255;
  const high = Math.max(low + 1 / 255, Number(white.value) / 255);
  for (const part of document.querySelectorAll("#display feComponentTransfer > *")) {
    part.setAttribute("slope", 1 / (high - low));
    part.setAttribute("intercept", -low / (high - low));
  }
  plot();
  redraw();
}

/** The grey level of the file that a level of the display stands for. */
const levelAt = (value) => levels.black + (Number(value) / 255) * (levels.white - levels.black);

function plot() {
  const canvas = find("#histogram");
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  if (!levels) return;
  const top = Math.max(...levels.counts);
  const at = (level) => ((level - levels.low) / (levels.high - levels.low || 1)) * width;
  context.fillStyle = "#555";
  levels.counts.forEach((count, index) => {
    const tall = Math.sqrt(count / top) * (height - 4);
    context.fillRect((index * width) / levels.counts.length, height - tall, width / levels.counts.length + 0.5, tall);
  });
  context.fillStyle = "#d55e00";
  for (const field of [black, white]) context.fillRect(at(levelAt(field.value)) - 1, 0, 2, height);
  find("#levels").textContent = `Black ${levelAt(black.value).toFixed(3)}, white ${levelAt(white.value).toFixed(3)} of the file's range; the height is the square root of the count.`;
}

export async function showContrast(image) {
  if (!image || !find("#contrast").open || shown === image.histogram) return;
  shown = image.histogram;
  levels = await look(image.histogram).catch(() => null);
  plot();
}

export function listenToContrast(current, redraw) {
  for (const field of [black, white]) field.addEventListener("input", () => apply(redraw));
  find("#contrast").addEventListener("toggle", () => showContrast(current()));
  find("#contrast-reset").addEventListener("click", () => {
    [black.value, white.value] = [0, 255];
    apply(redraw);
  });
}
