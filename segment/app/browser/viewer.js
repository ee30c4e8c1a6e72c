const find = (selector) => element.querySelector(selector);
let x = 0.5;
let y = 0.5;

function mix() {
  const split = Number(find(".split").value);
  find(".colours").style.opacity = find(".opacity").value / 100;
  find(".colours").style.clipPath = split === 0 ? "none" : `inset(0 0 0 ${split}%)`;
  find(".window").classList.toggle("natural", find(".actual").checked);
}

function layer(selector, source, description) {
  const image = find(selector);
  image.hidden = !source;
  image.alt = description;
  if (!source) image.removeAttribute("src");
  else if (image.getAttribute("src") !== source) image.src = source;
}

function paint() {
  const shown = props.value || {};
  const has = Boolean(shown.micrograph);
  find(".stage").hidden = !has;
  find(".window .hint").hidden = has;
  layer(".micrograph", shown.micrograph, shown.name || "");
  layer(".colours", shown.colours, "Coloured phases");
  if (!has) return;
  const share = (100 * shown.rows) / shown.height;
  find(".stage").style.setProperty("--wide", shown.width);
  find(".stage").style.setProperty("--high", shown.height);
  find(".colours").style.height = `${share}%`;
  find(".band").style.top = `${share}%`;
  find(".band").hidden = shown.rows === shown.height;
  mix();
}

function cross() {
  const mark = find(".cross");
  mark.hidden = false;
  mark.style.left = `${100 * x}%`;
  mark.style.top = `${100 * y}%`;
}

element.addEventListener("input", mix);
element.addEventListener("click", (event) => {
  const stage = event.target.closest(".stage");
  if (!stage) return;
  const box = stage.getBoundingClientRect();
  x = (event.clientX - box.left) / box.width;
  y = (event.clientY - box.top) / box.height;
  cross();
  trigger("select", { x, y });
});
element.addEventListener("keydown", (event) => {
  if (!event.target.closest(".stage")) return;
  const step = event.shiftKey ? 0.1 : 0.01;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (moves[event.key]) {
    x = Math.min(Math.max(x + moves[event.key][0], 0), 1);
    y = Math.min(Math.max(y + moves[event.key][1], 0), 1);
    cross();
  } else if (event.key === "Enter" || event.key === " ") {
    trigger("select", { x, y });
  } else {
    return;
  }
  event.preventDefault();
});
watch("value", paint);
paint();
