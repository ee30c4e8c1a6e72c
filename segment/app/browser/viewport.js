// Which part of an image is seen, and how large: one for all panes, which so stay in step.
export class Viewport {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.isFitted = true;
    this.wanted = null;
    this.panes = new Set();
    this.listeners = new Set();
  }

  changed() {
    for (const pane of this.panes) pane.draw();
    for (const listener of this.listeners) listener(this);
  }

  /** The whole image, in the middle of the first pane. */
  fit() {
    const [pane] = this.panes;
    if (!pane?.image) return;
    const { width, height } = pane.image;
    this.isFitted = true;
    this.scale = Math.min(pane.wide / width, pane.high / height) || 1;
    [this.x, this.y] = [width / 2, height / 2];
    this.changed();
  }

  /** Zoom so that a place of the image stays where it is on the screen. */
  zoom(factor, x = this.x, y = this.y) {
    const scale = Math.min(Math.max(this.scale * factor, 0.02), 64);
    const kept = this.scale / scale;
    this.x = x + (this.x - x) * kept;
    this.y = y + (this.y - y) * kept;
    this.scale = scale;
    this.isFitted = false;
    this.#bound();
    this.changed();
  }

  /** Bring a place into the middle, so that a part of so many pixels round it is seen. */
  turn(x, y, width) {
    const [pane] = this.panes;
    // A view that is not shown yet has no size, and turns when it has one.
    this.wanted = pane?.wide ? null : [x, y, width];
    if (this.wanted) return;
    this.scale = Math.min(pane.wide, pane.high) / width;
    [this.x, this.y] = [x, y];
    this.isFitted = false;
    this.changed();
  }

  natural() {
    this.zoom(1 / (this.scale * devicePixelRatio));
  }

  /** Move by pixels of the screen. */
  move(across, down) {
    this.x += across / this.scale;
    this.y += down / this.scale;
    this.isFitted = false;
    this.#bound();
    this.changed();
  }

  #bound() {
    const [pane] = this.panes;
    if (!pane?.image) return;
    this.x = Math.min(Math.max(this.x, 0), pane.image.width);
    this.y = Math.min(Math.max(this.y, 0), pane.image.height);
  }
}
