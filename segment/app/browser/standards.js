// What the standards say of the open images: tables with conventions and intervals, what to know, and a picture.
import { find, fresh, make } from "./dom.js";

function table({ title, columns, rows, note }) {
  return [
    make("h3", { textContent: title }),
    make("table", { className: "numbers" },
      make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { textContent: name, scope: "col" })))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text) => make("td", { textContent: text }))))),
    ),
    make("p", { className: "hint", textContent: note }),
  ];
}

export function showStandards(view) {
  const { standards, rated } = view;
  const choice = find("#standard");
  if (fresh(choice, standards)) choice.replaceChildren(...standards.map(({ kind, title }) => new Option(title, kind)));
  const tables = find("#standard-tables");
  if (!fresh(tables, rated)) return;
  find("#standard-picture").hidden = find("#standard-page").hidden = !rated;
  if (!rated) {
    tables.replaceChildren();
    return;
  }
  const caveats = make("ul", {}, ...rated.caveats.map((text) => make("li", { textContent: text })));
  tables.replaceChildren(make("h2", { textContent: rated.title }), ...rated.tables.flatMap(table), caveats);
  find("#standard-picture").src = rated.picture;
  find("#standard-page").href = rated.page;
}

export function listenToStandards(run) {
  find("#rate").addEventListener("click", () => run("rate", { kind: find("#standard").value }));
}
