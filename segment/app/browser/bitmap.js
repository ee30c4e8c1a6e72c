// Pictures of any size, decoded beside the page's own thread, each also at a half, a quarter and an eighth of its size:
// what is drawn is never much larger than the screen.
const LEVELS = [8, 4, 2, 1];
const kept = new Map();
const MOST = 12;

class Picture {
  constructor(address, onReady) {
    this.levels = new Map();
    this.width = 0;
    this.waiting = new Set([onReady]);
    this.load(address);
  }

  async load(address) {
    const response = await fetch(address);
    if (!response.ok) return;
    const blob = await response.blob();
    const { width, height } = await sizeOf(blob);
    this.width = width;
    this.height = height;
    for (const level of width * height > 1e6 ? LEVELS : [1]) {
      const size = { resizeWidth: Math.max(1, Math.round(width / level)), resizeHeight: Math.max(1, Math.round(height / level)) };
      this.levels.set(level, await createImageBitmap(blob, level === 1 ? {} : { ...size, resizeQuality: "medium" }));
      for (const ready of this.waiting) ready();
    }
  }

  /** The smallest level that has a pixel for each of the screen's, or the best one that is there. */
  at(scale) {
    let best = null;
    for (const [level, bitmap] of this.levels) {
      if (best === null || level >= best.level || best.level * scale > 1) best = { level, bitmap };
      if (level * scale <= 1) break;
    }
    return best;
  }
}

/** Width and height from the header of a PNG file. */
async function sizeOf(blob) {
  const header = new DataView(await blob.slice(16, 24).arrayBuffer());
  return { width: header.getUint32(0), height: header.getUint32(4) };
}

/** Return the picture of an address; `onReady` is called whenever more of it can be drawn. */
export function picture(address, onReady) {
  let found = kept.get(address);
  if (found) {
    kept.delete(address);
    found.waiting.add(onReady);
  } else {
    found = new Picture(address, onReady);
  }
  kept.set(address, found);
  if (kept.size > MOST) {
    const [oldest, dropped] = kept.entries().next().value;
    kept.delete(oldest);
    for (const bitmap of dropped.levels.values()) bitmap.close();
    dropped.levels.clear();
  }
  return found;
}
