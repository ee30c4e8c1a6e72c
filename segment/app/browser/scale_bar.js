// A scale bar of 1, 2 or 5 times a power of ten, at most a quarter of the width.
const UNITS = [["mm", 1000], ["µm", 1], ["nm", 0.001]];

export function bar(pixelSize, scale, wide) {
  const room = pixelSize ? (pixelSize * wide) / scale / 4 : 0;
  if (!(room > 0 && room < Infinity)) return null;
  const decade = 10 ** Math.floor(Math.log10(room));
  const length = [5, 2, 1].map((step) => step * decade).find((one) => one <= room) ?? decade / 2;
  const [unit, size] = UNITS.find(([, factor]) => length >= factor) ?? UNITS[2];
  return { pixels: (length / pixelSize) * scale, label: `${Number((length / size).toPrecision(3))} ${unit}` };
}
