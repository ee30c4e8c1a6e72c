// The page: it asks for the state of the project, shows it, and sends what the user does.
import { act, ask, begin, isBusy, look, onShown, open, path, refresh, send } from "./api.js";
import { listenToAtoms, showAtoms } from "./atoms.js";
import { isAdjusted, listenToContrast, showContrast } from "./contrast.js";
import { confirmed, find, fresh, make, set } from "./dom.js";
import { listenToComputations, showChoice, showFeatures, showSheet } from "./explore.js";
import { listenToFindings, showFilm, showStandards } from "./findings.js";
import { showGallery } from "./gallery.js";
import { describe, listenToObjects, markRow, placeOf, showObjects } from "./objects.js";
import { Pane } from "./pane.js";
import { showPhases } from "./phases.js";
import { Tools, tool } from "./tools.js";
import { Viewport } from "./viewport.js";

let view = null;
let job = null;
let selected = null;
let chosen = null;
let marked = null;
let spot = null;
const layers = ["map", "micrograph"];
const images = [null, null];
const viewport = new Viewport();
const panes = [];
const current = () => view?.images.find((image) => image.name === chosen) ?? view?.images[0] ?? null;

function say(text, isError = false) {
  const said = find("#status .said");
  said.textContent = text;
  find("#status").classList.toggle("error", isError);
  find("#status").setAttribute("role", isError ? "alert" : "status");
}

const tools = new Tools({
  redraw: () => showPanes(),
  say,
  select: (at) => {
    selected = at.phase ?? null;
    [marked, spot] = [at.object || null, null];
    if (marked) markRow(marked);
    showPhases(view, current(), selected);
    showPanes();
    return marked ? describe(marked) : "";
  },
});

onShown((answer) => {
  if (answer.view) {
    const known = new Set(view?.images.map(({ name }) => name));
    view = answer.view;
    // A new image is shown at once.
    const added = view.images.filter(({ name }) => !known.has(name));
    if (added.length && known.size) chosen = added[0].name;
    show();
  }
  if (answer.message) say(answer.message, answer.is_error);
});

function show() {
  const image = current();
  chosen = image?.name ?? null;
  document.title = image ? `${image.name} – Segment` : "Segment micrographs";
  find("#welcome").hidden = Boolean(image);
  find("#viewer").hidden = !image;
  find("#undo").disabled = !view.undo;
  find("#redo").disabled = !view.redo;
  find("#undo").title = view.undo ? `Undo ${view.undo} (Ctrl+Z)` : "";
  find("#redo").title = view.redo ? `Redo ${view.redo} (Ctrl+Shift+Z)` : "";
  find("#download").disabled = !image;
  showSettings();
  showReading(image);
  tools.show(view, image);
  showPhases(view, image, selected);
  showGallery(view, image, job, choose, run);
  showSheet(view);
  showChoice(view);
  showFeatures(view);
  showStandards(view, turnTo);
  showFilm(view, turnTo);
  showAtoms(view, image);
  showObjects(view, showObject, showPanes);
  showContrast(image);
  showPanes();
}

function showSettings() {
  const { settings } = view;
  for (const [selector, options] of [["#preset", view.presets], ["#features", view.features]]) {
    if (fresh(find(selector), options)) find(selector).replaceChildren(...options.map((name) => new Option(name, name)));
  }
  for (const field of document.querySelectorAll("[data-setting]")) set(field, settings[field.dataset.setting]);
  find("#n_phases").max = find("#most").max = view.limits.n_phases;
  find("#source").textContent = view.source;
  find("#learn").hidden = !view.is_loaded;
}

function showReading(image) {
  find("#reading").hidden = !image;
  if (!image) return;
  find("#reading dl").replaceChildren(...Object.entries(image.reading).flatMap(([what, text]) => [make("dt", { textContent: what }), make("dd", { textContent: text })]));
  set(find("#band"), image.band);
  set(find("#pixel-size"), image.pixel_size === null ? "" : Number(image.pixel_size.toPrecision(6)));
  find("#reset").disabled = !image.is_corrected;
  const parts = image.regions.length + (image.has_mask ? 1 : 0);
  find("#clear-regions").hidden = !parts;
  const excluded = image.excluded ? ` ${image.excluded} pixels take no part.` : "";
  find("#regions-said").textContent = parts ? `${parts} region${parts > 1 ? "s" : ""} drawn.${excluded}` : `Draw regions with the tools above the image.${excluded}`;
}

function showPanes() {
  if (!view) return;
  const wanted = !current() ? 0 : find("#beside").checked ? 2 : 1;
  while (panes.length > wanted) panes.pop().remove();
  while (panes.length < wanted) {
    const number = panes.length + 1;
    panes.push(new Pane(find("#panes"), viewport, { onTool: (...step) => tools.handle(...step), label: `Image, view ${number}` }));
  }
  const state = {
    opacity: find("#opacity").value / 100,
    curtain: Number(find("#curtain").value),
    isAdjusted: isAdjusted(),
    tool: tool(),
    shown: chosen,
    circle: circleOf(current()),
    colours: Object.fromEntries(view.phases.flatMap(({ members, colour }) => members.map((phase) => [phase, colour]))),
  };
  panes.forEach((pane, index) => {
    const own = index && view.images.find(({ name }) => name === images[index]);
    const image = own || current();
    const offered = Pane.layers(image, view.phases.map(({ name }) => name));
    const layer = offered[layers[index]] ? layers[index] : "micrograph";
    offer(pane, index, offered, layer, image);
    pane.stage.style.cursor = { hand: "grab", pick: "pointer" }[state.tool] ?? "crosshair";
    pane.show(image, layer, state);
  });
}

function offer(pane, index, offered, layer, image) {
  const names = view.images.map(({ name }) => name);
  if (fresh(pane.chooser, [offered, index ? names : []])) {
    const kind = make("select", { attributes: { "aria-label": `What view ${index + 1} shows` } });
    kind.append(...Object.entries(offered).map(([name, title]) => new Option(title, name)));
    kind.addEventListener("change", () => {
      layers[index] = kind.value;
      showPanes();
    });
    pane.chooser.replaceChildren(kind);
    if (index) {
      const which = make("select", { attributes: { "aria-label": `Image of view ${index + 1}` } });
      which.append(...names.map((name) => new Option(name, name)));
      which.addEventListener("change", () => {
        images[index] = which.value;
        showPanes();
      });
      pane.chooser.append(which);
    }
  }
  const [kind, which] = pane.chooser.querySelectorAll("select");
  kind.value = layer;
  if (which) which.value = image.name;
}

/** Turn to an object of the table: its image, its place, and a circle round it. */
function showObject(number) {
  marked = number;
  chosen = view.objects.image;
  markRow(number);
  find("#tab-map").click();
  show();
  const [x, y, diameter] = placeOf(number);
  viewport.turn(x, y, Math.max(diameter * 6, 60));
  say(describe(number));
}

/** What is marked in an image: a measured object, or a place that one turned to. */
function circleOf(image) {
  if (marked && view.objects?.image === image?.name) return placeOf(marked);
  return spot?.image === image?.name && spot ? [spot.x, spot.y, spot.width / 4] : null;
}

/** Turn to a place in an image. */
function turnTo(place) {
  const { image, x, y, width, text } = place;
  if (!view.images.some(({ name }) => name === image)) {
    say(`${image} is no longer open.`, true);
    return;
  }
  [chosen, marked, spot] = [image, null, place];
  find("#tab-map").click();
  show();
  viewport.turn(x, y, width);
  say(text);
}

function choose(name) {
  [chosen, spot] = [name, null];
  show();
}

// What is computed, and what other tabs did: asked for again and again.
async function follow() {
  try {
    const answer = await look(path("/job"));
    const before = job;
    job = answer.job;
    const isRunning = job?.state === "running";
    showJob(isRunning);
    if (answer.number !== view?.number || (before?.state === "running" && !isRunning)) await refresh();
    if (before?.state === "running" && job && !isRunning) say(job.text, job.state === "failed");
    else if (isRunning && view) showGallery(view, current(), job, choose, run);
  } catch {
    // Said by what the user does next.
  }
  setTimeout(follow, job?.state === "running" ? 250 : document.hidden ? 5000 : 1500);
}

function showJob(isRunning) {
  const bar = find("#status progress");
  bar.hidden = !isRunning;
  if (isRunning) {
    if (job.total) [bar.max, bar.value] = [job.total, job.done];
    else bar.removeAttribute("value");
    say(job.text);
  }
  for (const button of ["#run", "#compare", "#explore", "#measure", "#rate", "#film", "#find-atoms"]) find(button).disabled = isRunning;
  find("#cancel").disabled = !isRunning;
}

/** Begin a computation, and say how far it is until it ends. */
async function run(kind, content) {
  const answer = await ask(`/run/${kind}`, content);
  if (answer?.view && !answer.is_error) {
    job = { state: "running", text: "Starting …", images: {} };
    showJob(true);
  }
}

/** Upload files and open them; of a film each page is an image. */
async function take(files, isFilm = false) {
  const refusals = [];
  let count = 0;
  for (const file of files) {
    const [size, most] = [file.size / 1e6, view.limits.file_mb];
    const refusal =
      size > most
        ? `${file.name}: is ${Math.round(size)} MB large, and at most ${most} MB are taken; more with 'segment ui --file-mb'.`
        : await send(file, (part) => say(`Uploading ${file.name}: ${Math.round(100 * part)} %`));
    if (refusal) refusals.push(refusal);
    else count += 1;
  }
  find("#drop input").value = "";
  if (count || refusals.length) {
    say("Reading …");
    await ask("/take", { refusals, is_film: isFilm });
  }
}

function listen() {
  const zone = find("#drop");
  zone.querySelector("input").addEventListener("change", (event) => take([...event.target.files]));
  for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => zone.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  find("#sample").addEventListener("click", () => ask("/sample"));
  find("#run").addEventListener("click", () => run("segment"));
  find("#cancel").addEventListener("click", () => ask("/cancel"));
  find("#learn").addEventListener("click", () => act("learn"));
  find("#undo").addEventListener("click", () => ask("/undo"));
  find("#redo").addEventListener("click", () => ask("/redo"));
  find("#correct").addEventListener("click", () => act("correct", { image: chosen, band: find("#band").value, pixel_size: find("#pixel-size").value, everywhere: find("#everywhere").checked }));
  find("#reset").addEventListener("click", () => act("reset", { image: chosen }));
  find("#clear-regions").addEventListener("click", () => act("clear_regions", { image: chosen }));
  find("#new").addEventListener("click", async () => {
    if (!view.images.length || (await confirmed("Begin a new project? The present one stays on this machine under its own address; download it to keep it for longer."))) {
      [chosen, selected, job] = [null, null, null];
      await begin();
      say("A new project.");
    }
  });
  for (const field of document.querySelectorAll("[data-setting], #band, #pixel-size")) {
    field.addEventListener("input", () => (field.dataset.typed = "yes"));
    field.addEventListener("change", () => {
      delete field.dataset.typed;
      if (field.dataset.setting) act("set", { name: field.dataset.setting, value: field.type === "checkbox" ? field.checked : field.value });
    });
  }
  for (const selector of ["#opacity", "#curtain", "#beside"]) find(selector).addEventListener("input", showPanes);
  find("#zoom-in").addEventListener("click", () => viewport.zoom(1.25));
  find("#zoom-out").addEventListener("click", () => viewport.zoom(0.8));
  find("#fit").addEventListener("click", () => viewport.fit());
  find("#natural").addEventListener("click", () => viewport.natural());
  viewport.listeners.add(({ scale }) => (find("#zoom-said").textContent = `${Math.round(100 * scale * devicePixelRatio)} %`));
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=range], [type=radio], [type=checkbox]), textarea, select");
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || isTyping) return;
    event.preventDefault();
    ask(event.shiftKey ? "/redo" : "/undo");
  });
  // A menu closes when one goes elsewhere.
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("pointerdown", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus(document.body));
  addEventListener("beforeunload", (event) => {
    if (isBusy()) event.preventDefault();
  });
  listenToTabs();
  listenToDownload();
  listenToContrast(current, showPanes);
  listenToComputations(current, run);
  listenToObjects(current, run);
  listenToFindings(run, take);
  listenToAtoms(current, run);
}

function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open], #contrast[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

function listenToTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
      find(`#${other.getAttribute("aria-controls")}`).hidden = other !== tab;
    }
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  });
}

function listenToDownload() {
  const link = () => {
    const chosenExports = [...document.querySelectorAll("#exports input:checked")].map(({ value }) => value);
    find("#take-link").href = path(`/project.zip?exports=${chosenExports}`);
  };
  find("#download").addEventListener("click", async () => {
    const mapped = view.images.filter((image) => image.colours).length;
    find("#take-said").textContent = mapped
      ? `labels, coloured maps, overlays, components and side-cars of ${mapped} image${mapped > 1 ? "s" : ""}, the table of fractions, the report, the model, the method, and the project.`
      : "the project with its images and strokes. There are no maps yet.";
    if (fresh(find("#exports"), view.exports)) {
      find("#exports").replaceChildren(...view.exports.map((name) => make("label", { className: "check" }, make("input", { type: "checkbox", value: name }), ` ${name}`)));
    }
    link();
    find("#take").showModal();
    find("#method").hidden = !mapped;
    if (mapped) find("#method textarea").value = await look(path("/method")).catch((error) => error.message);
  });
  find("#exports").addEventListener("change", link);
  find("#take-close").addEventListener("click", () => find("#take").close());
  find("#copy").addEventListener("click", async () => {
    find("#method textarea").select();
    await navigator.clipboard?.writeText(find("#method textarea").value).catch(() => {});
    find("#copy").textContent = "Copied";
  });
}

listen();
await open();
document.body.dataset.ready = "yes";
if (!view?.images.length) say("Drop a micrograph to begin. It stays on this machine.");
follow();
