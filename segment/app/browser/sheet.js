const find = (selector) => element.querySelector(selector);

function card(content) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.number = content.number;
  made.setAttribute("aria-label", `Choose candidate ${content.number}: ${content.caption}`);
  const picture = Object.assign(document.createElement("img"), { src: content.picture, alt: "", loading: "lazy" });
  const number = Object.assign(document.createElement("b"), { textContent: content.number });
  const caption = Object.assign(document.createElement("span"), { textContent: content.caption });
  made.append(picture, number, caption);
  return made;
}

function paint() {
  const shown = props.value || {};
  const cards = shown.cards || [];
  // Pictures have new addresses only after another exploration: nothing is fetched again for a click.
  if (element.dataset.shown !== (shown.uncertainty || "")) {
    element.dataset.shown = shown.uncertainty || "";
    find(".cards").replaceChildren(...cards.map(card));
    find(".doubt").hidden = !shown.uncertainty;
    if (shown.uncertainty) find(".doubt img").src = shown.uncertainty;
  }
  find(".hint").textContent = shown.hint;
  for (const made of find(".cards").children) {
    made.setAttribute("aria-pressed", String(Number(made.dataset.number) === shown.chosen));
  }
}

element.addEventListener("click", (event) => {
  const made = event.target.closest(".cards button");
  if (made) trigger("select", { number: Number(made.dataset.number) });
});
watch("value", paint);
paint();
