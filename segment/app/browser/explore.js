// The contact sheet, the comparison of numbers of phases, and the features of each phase.
import { act } from "./api.js";
import { find, fresh, make } from "./dom.js";

const large = find("#large");

export function showSheet(view) {
  const { sheet } = view;
  const cards = find("#cards");
  find("#uncertainty").hidden = !sheet;
  if (!fresh(cards, sheet)) return;
  find("#sheet-said").textContent = sheet
    ? `${sheet.image}: ${sheet.candidates.length} distinct maps of ${sheet.n_tried} tried; what many have in common comes first. Click one to enlarge it.`
    : "";
  if (sheet) find("#uncertainty img").src = sheet.uncertainty;
  cards.replaceChildren(
    ...(sheet?.candidates ?? []).map((candidate) => {
      const made = make(
        "button",
        { type: "button", dataset: { number: candidate.number }, attributes: { "aria-pressed": String(candidate.number === sheet.chosen), "aria-label": `Enlarge candidate ${candidate.number}: ${candidate.caption}` } },
        make("img", { src: candidate.picture, alt: "", loading: "lazy" }),
        make("b", { textContent: candidate.number }),
        make("span", { textContent: candidate.caption }),
      );
      made.addEventListener("click", () => enlarge(candidate));
      return made;
    }),
  );
}

function enlarge(candidate) {
  large.querySelector("img").src = `${candidate.picture}&side=1024`;
  large.querySelector("img").alt = `Map of candidate ${candidate.number}`;
  large.querySelector("p").textContent = `Candidate ${candidate.number}. ${candidate.caption}`;
  large.dataset.number = candidate.number;
  large.showModal();
  large.querySelector("button").focus();
}

large.addEventListener("click", (event) => {
  if (event.target.value === "choose") act("choose", { number: Number(large.dataset.number) });
  if (event.target.value) large.close();
});

export function showChoice(view) {
  const { choice } = view;
  const numbers = find("#numbers");
  const asked = view.settings.n_phases;
  if (fresh(numbers, [choice?.maps, asked])) {
    numbers.replaceChildren(
      ...(choice?.maps ?? []).map(({ n_phases: count, picture }) => {
        const made = make("button", { type: "button", attributes: { "aria-pressed": String(count === asked), "aria-label": `Use ${count} phases` } }, make("img", { src: picture, alt: "" }), make("b", { textContent: count }));
        made.addEventListener("click", () => act("set", { name: "n_phases", value: count }));
        return made;
      }),
    );
  }
  if (!fresh(find("#rules"), choice)) return;
  find("#choice-picture").hidden = !choice;
  if (!choice) {
    find("#rules").replaceChildren();
    return;
  }
  find("#choice-said").textContent = `The middle of ${choice.image} with each number of phases; click the one that fits. ${choice.said}`;
  find("#choice-picture").src = choice.picture;
  find("#rules").replaceChildren(
    ...choice.rules.flatMap(({ name, suggestion, reason }) => [
      make("dt", { textContent: `${name}: ${suggestion ?? "none of them"}` }),
      make("dd", { textContent: reason }),
    ]),
  );
}

/** Features down, phases across, each cell as dark as its value: read like a table, seen like a map. */
export function showFeatures(view) {
  const { model } = view;
  const table = find("#fingerprints");
  if (!fresh(table, model)) return;
  find("#loss").hidden = !model?.loss;
  if (!model) {
    table.replaceChildren();
    return;
  }
  if (model.loss) find("#loss").src = model.loss;
  find("#features-said").textContent = `How strongly each phase shows each feature. ${model.said}`;
  const most = Math.max(...model.values.flat(), 1e-12);
  const head = make("tr", {}, make("th", { textContent: "Feature", scope: "col" }), ...model.names.map((name) => make("th", { textContent: name, scope: "col" })));
  const rows = model.features.map((feature, index) => {
    const cells = model.values.map((values) => {
      const cell = make("td", { textContent: values[index].toFixed(2) });
      cell.style.background = `rgb(86 180 233 / ${(0.9 * values[index]) / most})`;
      return cell;
    });
    return make("tr", {}, make("th", { textContent: feature, scope: "row" }), ...cells);
  });
  table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
}

export function listenToComputations(shown, run) {
  find("#explore").addEventListener("click", () => run("explore", { image: shown()?.name }));
  find("#compare").addEventListener("click", () => run("compare", { image: shown()?.name }));
}
