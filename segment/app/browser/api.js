// Talks to the program on this machine. Requests of a page follow one another: what a user does is done in order.
const listeners = new Set();
let word = null;
let last = Promise.resolve();
let pending = 0;

export const onShown = (listener) => listeners.add(listener);
export const path = (rest = "") => `/project/${word}${rest}`;
export const isBusy = () => pending > 0;

function tell(answer) {
  for (const listener of listeners) listener(answer);
}

async function request(address, content) {
  pending += 1;
  try {
    const options = content === undefined ? {} : { method: "POST", body: JSON.stringify(content) };
    const response = await fetch(address, options);
    if (response.status === 404 && address === path()) return null;
    const kind = response.headers.get("content-type") || "";
    if (!kind.startsWith("application/json")) return { message: await response.text(), is_error: true };
    return await response.json();
  } catch {
    return { message: "The program does not answer: is it still running? What you made is kept.", is_error: true };
  } finally {
    pending -= 1;
  }
}

/** Ask in turn; everybody who listens sees the answer, which is returned too. */
export function ask(rest, content = {}) {
  const asked = last.then(async () => {
    const answer = await request(path(rest), content);
    if (answer) tell(answer);
    return answer;
  });
  last = asked.catch(() => {});
  return asked;
}

export const act = (name, values = {}) => ask(`/do/${name}`, values);

/** Fetch text or JSON that is not the state. */
export async function look(address) {
  const response = await fetch(address);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return (response.headers.get("content-type") || "").startsWith("application/json") ? JSON.parse(text) : text;
}

async function remember(found) {
  word = found;
  history.replaceState(null, "", `/p/${word}`);
  try {
    localStorage.setItem("project", word);
  } catch {
    // A browser without storage has the address.
  }
}

/** Begin a project, in the place of the one that is shown. */
export async function begin() {
  const { word: made } = await request("/projects", {});
  await remember(made);
  return refresh();
}

export async function refresh() {
  const answer = await request(path());
  if (answer) tell(answer);
  return answer;
}

/** Open the project of the address, else the one that this browser showed last, else a new one. */
export async function open() {
  let kept = null;
  try {
    kept = localStorage.getItem("project");
  } catch {
    kept = null;
  }
  for (const found of [location.pathname.match(/^\/p\/([\w-]+)$/)?.[1], kept]) {
    if (!found) continue;
    word = found;
    if (await refresh()) return remember(found);
  }
  return begin();
}

export function send(file, onProgress) {
  pending += 1;
  return new Promise((resolve) => {
    const upload = new XMLHttpRequest();
    upload.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    upload.onload = () => resolve(upload.status < 400 ? "" : upload.responseText);
    upload.onerror = () => resolve(`${file.name}: the upload broke off. Is the program still running?`);
    upload.onloadend = () => {
      pending -= 1;
    };
    upload.open("POST", path(`/files?name=${encodeURIComponent(file.name)}`));
    upload.setRequestHeader("Content-Type", "application/octet-stream");
    upload.send(file);
  });
}
