const find = (selector) => element.querySelector(selector);
// The cross, in shares of the image's width and height.
let x = 0.5;
let y = 0.5;
// The stroke that is being painted: a line, and its points in pixels of the image.
let draft = null;

const shown = () => props.value || {};
const isPainting = () => find(".painting").checked && !find(".painting").disabled;

function mix() {
  const split = Number(find(".split").value);
  find(".colours").style.opacity = find(".opacity").value / 100;
  find(".colours").style.clipPath = split === 0 ? "none" : `inset(0 0 0 ${split}%)`;
  find(".window").classList.toggle("natural", find(".actual").checked);
  find(".palette").hidden = !isPainting();
  find(".window").classList.toggle("painted", isPainting());
  // The image makes room for it, so that both stay on the screen.
  const room = isPainting() ? find(".palette").offsetHeight + 6 : 0;
  find(".window").style.setProperty("--palette", `${room}px`);
}

function layer(selector, source, description) {
  const image = find(selector);
  image.hidden = !source;
  image.alt = description;
  if (!source) image.removeAttribute("src");
  else if (image.getAttribute("src") !== source) image.src = source;
}

function brush(content, phase) {
  const made = document.createElement("label");
  const choice = Object.assign(document.createElement("input"), { type: "radio", name: "brush", value: phase });
  const swatch = document.createElement("i");
  swatch.style.background = content.colour;
  made.append(choice, swatch, content.name);
  return made;
}

function offer(brushes) {
  // Drawn again only when they change: whoever chooses with the keyboard stays where they are.
  const offered = JSON.stringify(brushes);
  if (element.dataset.brushes === offered) return;
  element.dataset.brushes = offered;
  const chosen = Math.min(Number(find(".brushes input:checked")?.value || 0), brushes.length - 1);
  find(".brushes").replaceChildren(...brushes.map(brush));
  find(`.brushes input[value="${chosen}"]`).checked = true;
}

function line({ phase, width, points }) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  // A line of one point is drawn too, if it is given twice.
  made.setAttribute("points", `${points} ${points.split(" ").at(-1)}`);
  made.setAttribute("stroke", shown().brushes[phase]?.colour || "none");
  made.setAttribute("stroke-width", width);
  return made;
}

function paint() {
  const { micrograph, colours, name, rows, width, height, brushes = [], strokes = [] } = shown();
  const has = Boolean(micrograph);
  find(".stage").hidden = !has;
  find(".window .hint").hidden = has;
  find(".painting").disabled = !has;
  layer(".micrograph", micrograph, name || "");
  layer(".colours", colours, "Coloured phases");
  if (has) {
    const share = (100 * rows) / height;
    find(".stage").style.setProperty("--wide", width);
    find(".stage").style.setProperty("--high", height);
    find(".colours").style.height = `${share}%`;
    find(".band").style.top = `${share}%`;
    find(".band").hidden = rows === height;
    offer(brushes);
    find(".strokes").setAttribute("viewBox", `0 0 ${width} ${height}`);
    find(".strokes").replaceChildren(...strokes.map(line), ...(draft ? [draft.line] : []));
  }
  mix();
}

function cross() {
  const mark = find(".cross");
  mark.hidden = false;
  mark.style.left = `${100 * x}%`;
  mark.style.top = `${100 * y}%`;
}

function place(event) {
  const box = find(".stage").getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function begin([across, down]) {
  const { width, height, rows } = shown();
  if (down * height >= rows) return;
  const stroke = { phase: Number(find(".brushes input:checked").value), width: Number(find(".breadth").value) };
  draft = { ...stroke, points: [[across * width, down * height]] };
  draft.line = line({ ...stroke, points: draft.points.join(",") });
  find(".strokes").append(draft.line);
}

function extend([across, down]) {
  const { width, height } = shown();
  const point = [across * width, down * height];
  const last = draft.points.at(-1);
  if (Math.hypot(point[0] - last[0], point[1] - last[1]) < 1) return;
  draft.points.push(point);
  draft.line.setAttribute("points", draft.points.join(" "));
}

function finish() {
  const { phase, width, points } = draft;
  draft = null;
  const rounded = points.map((point) => point.map((value) => Math.round(10 * value) / 10));
  trigger("submit", { what: "paint", name: shown().name, phase, width, points: rounded });
}

element.addEventListener("input", mix);
element.addEventListener("click", (event) => {
  const { what } = event.target.dataset;
  if (what) trigger("submit", { what, name: shown().name });
  if (isPainting() || !event.target.closest(".stage")) return;
  [x, y] = place(event);
  cross();
  trigger("select", { x, y });
});
const stage = find(".stage");
stage.addEventListener("pointerdown", (event) => {
  if (!isPainting() || event.button !== 0) return;
  stage.setPointerCapture(event.pointerId);
  begin(place(event));
});
stage.addEventListener("pointermove", (event) => {
  if (draft) extend(place(event));
});
for (const kind of ["pointerup", "pointercancel"]) {
  stage.addEventListener(kind, () => {
    if (draft) finish();
  });
}
element.addEventListener("keydown", (event) => {
  if (!event.target.closest(".stage")) return;
  const step = event.shiftKey ? 0.1 : 0.01;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (moves[event.key]) {
    x = Math.min(Math.max(x + moves[event.key][0], 0), 1);
    y = Math.min(Math.max(y + moves[event.key][1], 0), 1);
    cross();
  } else if (event.key === "Enter" || event.key === " ") {
    if (isPainting()) {
      begin([x, y]);
      if (draft) finish();
    } else {
      trigger("select", { x, y });
    }
  } else {
    return;
  }
  event.preventDefault();
});
watch("value", paint);
paint();
