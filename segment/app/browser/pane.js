// One view of an image: the picture, the coloured map over it, and above both what is drawn by hand and a scale bar.
import { picture } from "./bitmap.js";
import { bar } from "./scale_bar.js";

const NAMES = { micrograph: "Image", map: "Map", previous: "Map before this one" };

export class Pane {
  constructor(host, viewport, { onTool, onHover = () => {}, label }) {
    this.viewport = viewport;
    this.onTool = onTool;
    this.onHover = onHover;
    this.image = null;
    this.layer = "map";
    this.draft = null;
    this.element = document.createElement("div");
    this.element.className = "pane";
    this.element.innerHTML = `<div class="choose"></div>
      <div class="stage" tabindex="0" role="application" aria-label="${label}. Arrow keys move the image under the cross,
      plus and minus zoom, 0 fits, 1 shows its own pixels; Enter says which phase is at the cross, or uses the tool there.">
      <canvas class="base"></canvas><canvas class="colours"></canvas><canvas class="marks"></canvas></div>`;
    this.stage = this.element.querySelector(".stage");
    [this.base, this.colours, this.marks] = this.stage.querySelectorAll("canvas");
    this.chooser = this.element.querySelector(".choose");
    host.append(this.element);
    viewport.panes.add(this);
    this.ready = () => this.draw();
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.stage);
    this.listen();
  }

  remove() {
    this.viewport.panes.delete(this);
    this.watcher.disconnect();
    this.element.remove();
  }

  /** The layers that an image has, by name. */
  static layers(image, names) {
    const own = { micrograph: NAMES.micrograph };
    if (image.colours) own.map = NAMES.map;
    if (image.previous) own.previous = NAMES.previous;
    image.components.forEach((_, part) => {
      own[`component-${part}`] = `Component: ${names[part]}`;
    });
    return own;
  }

  show(image, layer, state) {
    const isOther = this.image?.width !== image?.width || this.image?.height !== image?.height;
    this.image = image;
    this.layer = layer;
    this.state = state;
    if (image && (isOther || this.viewport.isFitted)) this.viewport.fit();
    this.draw();
  }

  resize() {
    // A tab that is not shown has no size; what was seen is seen again.
    if (!this.stage.clientWidth) return;
    this.wide = this.stage.clientWidth;
    this.high = this.stage.clientHeight;
    for (const canvas of [this.base, this.colours, this.marks]) {
      canvas.width = Math.max(1, Math.round(this.wide * devicePixelRatio));
      canvas.height = Math.max(1, Math.round(this.high * devicePixelRatio));
    }
    if (this.viewport.wanted) this.viewport.turn(...this.viewport.wanted);
    else if (this.viewport.isFitted) this.viewport.fit();
    else this.draw();
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  /** Draw a picture of the whole image, or of its upper rows, where it belongs. */
  place(canvas, address, rows) {
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!address || !this.image) return;
    const ratio = devicePixelRatio;
    const scale = this.viewport.scale * ratio;
    const found = picture(address, this.ready).at(scale);
    if (!found) return;
    const { level, bitmap } = found;
    const [left, top] = this.#toScreen(0, 0).map((value) => value * ratio);
    const [from, to] = [Math.max(0, -left / scale), Math.min(this.image.width, (canvas.width - left) / scale)];
    const [first, past] = [Math.max(0, -top / scale), Math.min(rows, (canvas.height - top) / scale)];
    if (to <= from || past <= first) return;
    context.imageSmoothingEnabled = scale < 1 && canvas === this.base;
    context.drawImage(
      bitmap, from / level, first / level, (to - from) / level, (past - first) / level,
      left + from * scale, top + first * scale, (to - from) * scale, (past - first) * scale,
    );
  }

  paint() {
    const { image, layer, state } = this;
    if (!image || !state) {
      for (const canvas of [this.base, this.colours, this.marks]) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
      return;
    }
    const part = layer.startsWith("component-") ? image.components[Number(layer.slice(10))] : null;
    this.place(this.base, part || image.micrograph, part ? image.rows : image.height);
    this.place(this.colours, { map: image.colours, previous: image.previous }[layer], image.rows);
    this.colours.style.opacity = state.opacity;
    this.colours.style.clipPath = state.curtain ? `inset(0 0 0 ${state.curtain}%)` : "none";
    this.base.style.filter = part || !state.isAdjusted ? "none" : "url(#display)";
    this.#mark();
  }

  #mark() {
    const { image, state } = this;
    const context = this.marks.getContext("2d");
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.wide, this.high);
    if (image.painted && this.layer !== "previous") this.#paintedFile(context, ratio);
    context.lineCap = context.lineJoin = "round";
    const strokes = [...image.strokes, ...(this.draft?.kind === "brush" ? [this.draft] : [])];
    for (const stroke of strokes) this.#stroke(context, stroke, state.colours[stroke.phase] || "#fff");
    for (const region of image.regions) this.#region(context, region.points, region.kind, true);
    if (this.draft && this.draft.kind !== "brush") this.#drafted(context);
    if (state.circle && image.name === state.shown) this.#circle(context, state.circle);
    state.overlay?.(context, (x, y) => this.#toScreen(x, y), this.viewport.scale);
    if (image.rows < image.height) this.#band(context);
    if (document.activeElement === this.stage) this.#cross(context);
    const shown = bar(image.pixel_size, this.viewport.scale, this.wide);
    if (shown) this.#scaleBar(context, shown);
  }

  #paintedFile(context, ratio) {
    const found = picture(this.image.painted, this.ready).at(this.viewport.scale * ratio);
    if (!found) return;
    const [left, top] = this.#toScreen(0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(found.bitmap, left, top, this.image.width * this.viewport.scale, this.image.height * this.viewport.scale);
  }

  #trace(context, points, isClosed) {
    context.beginPath();
    points.forEach(([x, y], index) => {
      const place = this.#toScreen(x, y);
      if (index) context.lineTo(...place);
      else context.moveTo(...place);
    });
    if (points.length === 1) context.lineTo(...this.#toScreen(points[0][0] + 0.01, points[0][1]));
    if (isClosed) context.closePath();
  }

  #stroke(context, { width, points }, colour) {
    this.#trace(context, points, false);
    const wide = Math.max(1, width * this.viewport.scale);
    context.lineWidth = wide + 2;
    context.strokeStyle = "#fff";
    context.stroke();
    context.lineWidth = wide;
    context.strokeStyle = colour;
    context.stroke();
  }

  #region(context, points, kind, isClosed) {
    this.#trace(context, points, isClosed);
    context.lineWidth = 4;
    context.strokeStyle = "#000";
    context.setLineDash([]);
    context.stroke();
    context.lineWidth = 2;
    context.strokeStyle = kind === "exclude" ? "#ff8c5a" : "#7fffd4";
    context.setLineDash(kind === "exclude" ? [6, 4] : []);
    context.stroke();
    context.setLineDash([]);
    if (kind === "exclude" && isClosed) {
      context.fillStyle = "rgb(213 94 0 / .25)";
      context.fill();
    }
  }

  #drafted(context) {
    const { kind, points, width } = this.draft;
    if (kind === "eraser") {
      this.#trace(context, points, false);
      context.lineWidth = Math.max(1, width * this.viewport.scale);
      context.strokeStyle = "rgb(255 255 255 / .6)";
      context.stroke();
    } else {
      this.#region(context, points, kind, false);
    }
  }

  #band(context) {
    // The band itself is left as it is: the microscope's scale bar stands in it.
    const [left, y] = this.#toScreen(0, this.image.rows);
    const right = this.#toScreen(this.image.width, 0)[0];
    context.setLineDash([7, 5]);
    context.lineWidth = 2;
    context.strokeStyle = "#e69f00";
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
    context.setLineDash([]);
  }

  #circle(context, [x, y, diameter]) {
    for (const [wide, colour] of [[4, "#000"], [2, "#ffe000"]]) {
      context.beginPath();
      context.arc(...this.#toScreen(x, y), (diameter / 2) * this.viewport.scale + 4, 0, 2 * Math.PI);
      context.lineWidth = wide;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  #cross(context) {
    const [x, y] = [this.wide / 2, this.high / 2];
    for (const [wide, colour] of [[3, "#000"], [1, "#fff"]]) {
      context.lineWidth = wide;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(x - 11, y);
      context.lineTo(x + 11, y);
      context.moveTo(x, y - 11);
      context.lineTo(x, y + 11);
      context.stroke();
    }
  }

  #scaleBar(context, { pixels, label }) {
    // Above the band, where the microscope's own bar may stand.
    const top = this.#toScreen(0, this.image.rows)[1];
    const y = (this.image.rows < this.image.height && top > 60 ? Math.min(this.high, top) : this.high) - 14;
    const x = 12;
    context.font = "13px system-ui, sans-serif";
    const wide = Math.max(pixels, context.measureText(label).width) + 16;
    context.fillStyle = "rgb(0 0 0 / .7)";
    context.fillRect(x - 8, y - 26, wide, 34);
    context.fillStyle = "#fff";
    context.fillRect(x, y - 3, pixels, 4);
    context.fillText(label, x, y - 9);
  }

  #toScreen(x, y) {
    const { viewport } = this;
    return [this.wide / 2 + (x - viewport.x) * viewport.scale, this.high / 2 + (y - viewport.y) * viewport.scale];
  }

  /** The place of the image under a place of the stage. */
  toImage(x, y) {
    const { viewport } = this;
    return [viewport.x + (x - this.wide / 2) / viewport.scale, viewport.y + (y - this.high / 2) / viewport.scale];
  }

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return this.toImage(event.clientX - box.left, event.clientY - box.top);
  }

  listen() {
    const { stage, viewport } = this;
    let held = null;
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      viewport.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...this.#at(event));
    }, { passive: false });
    stage.addEventListener("pointerdown", (event) => {
      if (!this.image || event.button > 1) return;
      stage.focus({ preventScroll: true });
      stage.setPointerCapture(event.pointerId);
      const pans = event.button === 1 || event.shiftKey || this.state.tool === "hand";
      held = { x: event.clientX, y: event.clientY, moved: 0, pans };
      if (!pans) this.onTool("begin", this.#at(event), this);
      event.preventDefault();
    });
    stage.addEventListener("pointermove", (event) => {
      if (!held) {
        if (this.image) this.onHover(this.#at(event));
        return;
      }
      held.moved += Math.abs(event.clientX - held.x) + Math.abs(event.clientY - held.y);
      if (held.pans) viewport.move(held.x - event.clientX, held.y - event.clientY);
      else for (const one of event.getCoalescedEvents?.() ?? [event]) this.onTool("extend", this.#at(one), this);
      [held.x, held.y] = [event.clientX, event.clientY];
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      stage.addEventListener(kind, (event) => {
        if (!held) return;
        if (!held.pans) this.onTool("finish", this.#at(event), this);
        else if (held.moved < 4 && kind === "pointerup") this.onTool("point", this.#at(event), this);
        held = null;
      });
    }
    for (const kind of ["focus", "blur"]) stage.addEventListener(kind, () => this.draw());
    stage.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const { viewport } = this;
    const step = event.shiftKey ? 200 : 20;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) viewport.move(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") viewport.zoom(1.25);
    else if (event.key === "-") viewport.zoom(0.8);
    else if (event.key === "0") viewport.fit();
    else if (event.key === "1") viewport.natural();
    else if (event.key === "Enter" || event.key === " ") this.onTool(event.shiftKey ? "close" : "key", [viewport.x, viewport.y], this);
    else if (event.key === "Escape") this.onTool("escape", [0, 0], this);
    else return;
    event.preventDefault();
  }
}

