const find = (selector) => element.querySelector(selector);

function cell(row, kind) {
  const made = document.createElement("td");
  made.className = kind;
  row.append(made);
  return made;
}

function field(row, phase, what, type) {
  const made = document.createElement("input");
  made.type = type;
  made.dataset.phase = phase;
  made.dataset.what = what;
  made.setAttribute("aria-label", `${what === "name" ? "Name" : "Colour"} of phase ${phase}`);
  if (what === "name") {
    made.setAttribute("list", "phase-names");
    made.maxLength = 60;
  }
  const place = cell(row, what);
  place.append(made);
  if (what === "name") place.append(Object.assign(document.createElement("div"), { className: "detail" }));
}

function build(count) {
  const body = find("tbody");
  if (body.rows.length === count) return;
  body.replaceChildren();
  for (let phase = 0; phase < count; phase += 1) {
    const row = body.insertRow();
    field(row, phase, "colour", "color");
    field(row, phase, "name", "text");
    cell(row, "number fraction");
  }
}

function paint() {
  const shown = props.value || {};
  const rows = shown.rows || [];
  build(rows.length);
  find("table").hidden = rows.length === 0;
  find(".hint").hidden = rows.length > 0;
  find("datalist").replaceChildren(...(shown.suggestions || []).map((name) => new Option(name, name)));
  rows.forEach((content, index) => {
    const row = find("tbody").rows[index];
    const [colour, name] = row.querySelectorAll("input");
    colour.value = content.colour;
    // What somebody is typing at this moment is not overwritten.
    if (document.activeElement !== name) name.value = content.name;
    row.querySelector(".fraction").textContent = content.fraction;
    row.querySelector(".detail").textContent = content.detail;
    row.classList.toggle("selected", index === shown.selected);
  });
}

element.addEventListener("change", (event) => {
  const { phase, what } = event.target.dataset;
  if (what) trigger("submit", { phase: Number(phase), what, content: event.target.value });
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.dataset.what === "name") event.target.blur();
});
watch("value", paint);
paint();
