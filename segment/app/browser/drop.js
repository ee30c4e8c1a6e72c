const zone = element.querySelector(".zone");
const input = element.querySelector("input");
const news = element.querySelector(".news");

function send(file, token) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => {
      news.textContent = `Uploading ${file.name}: ${Math.round((100 * event.loaded) / event.total)} %`;
    };
    request.onload = () => resolve(request.status < 400 ? "" : request.responseText);
    request.onerror = () => resolve(`${file.name}: the upload broke off. Is the program still running?`);
    request.open("POST", `/session/${token}/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });
}

async function take(files) {
  const { token, file_mb: most } = props.value || {};
  const refusals = [];
  let count = 0;
  for (const file of files) {
    const size = file.size / 1e6;
    const refusal =
      size > most
        ? `${file.name}: is ${Math.round(size)} MB large, and at most ${most} MB are taken.`
        : await send(file, token);
    if (refusal) refusals.push(refusal);
    else count += 1;
  }
  news.textContent = "";
  input.value = "";
  if (count || refusals.length) trigger("submit", { refusals });
}

watch("value", () => zone.classList.add("ready"));
input.addEventListener("change", () => take([...input.files]));
for (const kind of ["dragenter", "dragover"]) {
  zone.addEventListener(kind, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
