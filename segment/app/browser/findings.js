// What the tabs Standards, Film and Atoms found: tables, what to know, pictures, places in the images, and files.
import { find, fresh, make } from "./dom.js";

function table({ title, columns, rows, note }) {
  return [
    make("h3", { textContent: title }),
    make("table", { className: "numbers" },
      make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { textContent: name, scope: "col" })))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text) => make("td", { textContent: text, className: /\p{L}{3}/u.test(text) ? "words" : "" }))))),
    ),
    make("p", { className: "hint", textContent: note }),
  ];
}

function figure({ address, caption, moves }) {
  const drawn = make("img", { className: "figure", src: address, alt: caption, loading: "lazy" });
  const about = make("figcaption", { textContent: caption });
  if (!moves) return make("figure", {}, drawn, about);
  // What moves begins when somebody asks for it, and ends when it is closed.
  const shut = make("details", {}, make("summary", { textContent: "Play the film" }));
  shut.addEventListener("toggle", () => (shut.open ? shut.append(drawn, about) : (drawn.remove(), about.remove())));
  return shut;
}

function places(found, turn) {
  if (!found.length) return [];
  const list = make("ul", { className: "places" }, ...found.map((place) => {
    const go = make("button", { type: "button", textContent: place.text });
    go.addEventListener("click", () => turn(place));
    return make("li", {}, go);
  }));
  return [make("h3", { textContent: "Where in the images" }), list];
}

function downloads(files) {
  const { "report.html": page, ...others } = files;
  const links = Object.entries(others).filter(([name]) => name !== "overlay.json").map(([name, address]) => make("a", { href: address, download: name, textContent: name }));
  const whole = page ? [make("a", { href: page, target: "_blank", rel: "noopener", textContent: "Page with all pictures" })] : [];
  return make("p", { className: "files" }, ...whole, ...links);
}

/** Show findings in their place, or nothing; say whether they are others than before. */
export function showFindings(host, found, turn) {
  if (!fresh(host, found)) return false;
  if (!found) {
    host.replaceChildren();
    return true;
  }
  const heading = found.image ? `${found.title}: ${found.image}` : found.title;
  const caveats = make("ul", { className: "caveats" }, ...found.caveats.map((text) => make("li", { textContent: text })));
  host.replaceChildren(
    make("h2", { textContent: heading }), caveats, downloads(found.files), ...found.tables.flatMap(table),
    ...found.pictures.map(figure), ...places(found.places, turn),
  );
  return true;
}

export function showStandards(view, turn) {
  const choice = find("#standard-kind");
  if (fresh(choice, view.standards)) choice.replaceChildren(...view.standards.map(({ kind, title }) => new Option(title, kind)));
  showFindings(find("#standard-found"), view.findings.standard, turn);
}

export function showFilm(view, turn) {
  const count = view.images.length;
  find("#film-said").textContent = count > 1 ? `The ${count} open images are its frames, in the order of their names.` : "Its frames are the open images: drop them, or open a file that holds them all.";
  showFindings(find("#film-found"), view.findings.film, turn);
}

export function listenToFindings(run, take) {
  find("#rate").addEventListener("click", () => run("rate", { kind: find("#standard-kind").value }));
  find("#film").addEventListener("click", () =>
    run("film", { interval: find("#film-interval").value, polarity: find("#film-polarity").value, gap: find("#film-gap").value }));
  const file = find("#film-file");
  file.addEventListener("change", async () => {
    await take([...file.files], true);
    file.value = "";
  });
}
