// All open images, with their maps and fractions; one is chosen here.
import { act } from "./api.js";
import { find, fresh, make } from "./dom.js";

const gallery = find("#gallery");

function badge(image, working) {
  if (working === "working") return ["…", "being mapped"];
  if (working === "waiting") return ["·", "waits"];
  if (!image.colours) return ["–", "no map yet"];
  if (image.outlying) return ["!", `unlike the others: ${image.outlying}`];
  return image.is_accepted ? ["✓", "accepted"] : ["", "mapped"];
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

export function showGallery(view, shown, job, choose, run) {
  gallery.hidden = !view.images.length;
  const running = job?.state === "running" ? job.images : {};
  const colours = view.phases.map(({ colour }) => colour);
  const content = view.images.map((image) => [image.name, image.thumbnail, image.fractions, image.is_accepted, image.outlying, running[image.name.replace(/\.[^.]*$/, "")]]);
  if (fresh(gallery, [content, colours])) {
    const focused = document.activeElement?.closest?.("#gallery [data-image]")?.dataset.image;
    gallery.replaceChildren(
      ...view.images.map((image) => {
        const [sign, meaning] = badge(image, running[image.name.replace(/\.[^.]*$/, "")]);
        const percent = image.fractions.map((fraction, index) => `${view.phases[index].name} ${(100 * fraction).toFixed(1)} %`).join(", ");
        const made = make(
          "button",
          { type: "button", className: "card", title: [image.name, meaning, percent].filter(Boolean).join("\n"), dataset: { image: image.name }, attributes: { "aria-label": [image.name, meaning, percent].filter(Boolean).join(", ") } },
          make("img", { src: image.thumbnail, alt: "", loading: "lazy" }),
          make("b", { textContent: sign, className: image.outlying ? "odd" : "" }),
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
  const [accept, map] = gallery.querySelectorAll(".actions button");
  accept.textContent = shown?.is_accepted ? "Check again" : "Accept map";
  accept.disabled = !shown?.colours;
  map.hidden = !view.model;
  const one = gallery.querySelector(".actions");
  one.dataset.image = shown?.name ?? "";
  one.dataset.accepted = shown?.is_accepted ? "yes" : "";
}

function actions(run) {
  const accept = make("button", { type: "button" });
  const map = make("button", { type: "button", textContent: "Map this image", title: "Maps the shown image with the model that there is" });
  const remove = make("button", { type: "button", id: "remove", textContent: "Remove" });
  const made = make("div", { className: "actions" }, accept, map, remove);
  accept.addEventListener("click", () => act("accept", { image: made.dataset.image, is_accepted: !made.dataset.accepted }));
  map.addEventListener("click", () => run("segment", { images: [made.dataset.image] }));
  remove.addEventListener("click", () => act("remove", { image: made.dataset.image }));
  return made;
}
