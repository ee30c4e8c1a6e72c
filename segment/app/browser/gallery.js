// All open images, with their maps and fractions; one is chosen here.
import { act } from "./api.js";
import { find, fresh, make } from "./dom.js";

const gallery = find("#gallery");

function badge(image, working) {
  if (working === "working") return ["…", "being mapped"];
  if (working === "waiting") return ["·", "waits"];
  if (!image.colours) return ["–", "no map yet"];
  if (image.outlying) return ["!", `unlike the others: ${image.outlying}`];
  const made = image.is_refitted ? "refitted by strokes of its own" : "mapped";
  return image.is_accepted ? ["✓", `${made}, accepted`] : [image.is_refitted ? "↻" : "", made];
}

function bars(image, view) {
  const strip = make("span", { className: "bars", attributes: { "aria-hidden": "true" } });
  image.fractions.forEach((fraction, index) => {
    const part = make("i");
    part.style.width = `${100 * fraction}%`;
    part.style.background = view.phases[index]?.colour;
    strip.append(part);
  });
  return strip;
}

/** How many images there are, and which need to be looked at. */
function summary(images) {
  const bare = images.filter(({ colours }) => !colours).length;
  const odd = images.filter(({ outlying }) => outlying).length;
  const accepted = images.filter(({ is_accepted: isAccepted }) => isAccepted).length;
  const lines = [`${images.length} image${images.length > 1 ? "s" : ""}`];
  if (bare) lines.push(`${bare} without a map`);
  if (odd) lines.push(`${odd} unlike the others`);
  if (accepted) lines.push(`${accepted} accepted`);
  return make("p", { className: "summary", textContent: lines.join("\n") });
}

export function showGallery(view, shown, job, choose, run) {
  gallery.hidden = !view.images.length;
  const running = job?.state === "running" ? job.images : {};
  const colours = view.phases.map(({ colour }) => colour);
  const content = view.images.map((image) => [image.name, image.thumbnail, image.fractions, image.is_accepted, image.is_refitted, image.outlying, running[image.name.replace(/\.[^.]*$/, "")]]);
  if (fresh(gallery, [content, colours])) {
    const focused = document.activeElement?.closest?.("#gallery [data-image]")?.dataset.image;
    gallery.replaceChildren(
      summary(view.images),
      ...view.images.map((image) => {
        const [sign, meaning] = badge(image, running[image.name.replace(/\.[^.]*$/, "")]);
        const percent = image.fractions.map((fraction, index) => `${view.phases[index].name} ${(100 * fraction).toFixed(1)} %`).join(", ");
        const made = make(
          "button",
          { type: "button", className: "card", title: [image.name, meaning, percent].filter(Boolean).join("\n"), dataset: { image: image.name }, attributes: { "aria-label": [image.name, meaning, percent].filter(Boolean).join(", ") } },
          make("img", { src: image.thumbnail, alt: "", loading: "lazy" }),
          make("b", { textContent: sign, className: image.outlying ? "odd" : image.colours ? "" : "bare" }),
          bars(image, view),
          make("span", { className: "name", textContent: image.name }),
        );
        made.addEventListener("click", () => choose(image.name));
        return made;
      }),
      actions(run),
    );
    if (focused) gallery.querySelector(`[data-image="${CSS.escape(focused)}"]`)?.focus();
  }
  for (const card of gallery.querySelectorAll(".card")) {
    if (card.dataset.image === shown?.name) card.setAttribute("aria-current", "true");
    else card.removeAttribute("aria-current");
  }
  const [accept, map, refit] = gallery.querySelectorAll(".actions button");
  accept.textContent = shown?.is_accepted ? "Check again" : "Accept map";
  accept.disabled = !shown?.colours;
  map.hidden = refit.hidden = !view.model;
  const one = gallery.querySelector(".actions");
  one.dataset.image = shown?.name ?? "";
  one.dataset.accepted = shown?.is_accepted ? "yes" : "";
}

function actions(run) {
  const accept = make("button", { type: "button" });
  const map = make("button", { type: "button", textContent: "Map this image", title: "Maps the shown image with the model that there is" });
  const refit = make("button", { type: "button", id: "refit", textContent: "Refit this image", title: "Makes the map of the shown image anew from the strokes on it; the other maps stay" });
  const remove = make("button", { type: "button", id: "remove", textContent: "Remove" });
  const made = make("div", { className: "actions" }, accept, map, refit, remove);
  accept.addEventListener("click", () => act("accept", { image: made.dataset.image, is_accepted: !made.dataset.accepted }));
  map.addEventListener("click", () => run("segment", { images: [made.dataset.image] }));
  refit.addEventListener("click", () => run("segment", { images: [made.dataset.image], refit: true }));
  remove.addEventListener("click", () => act("remove", { image: made.dataset.image }));
  return made;
}
