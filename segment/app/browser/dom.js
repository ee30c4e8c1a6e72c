// The few things that every part of the page does with elements.
export const find = (selector) => document.querySelector(selector);

/** Make an element with properties and children; attributes that are no properties are named in `attributes`. */
export function make(tag, properties = {}, ...children) {
  const { dataset, attributes, ...own } = properties;
  const made = Object.assign(document.createElement(tag), own);
  Object.assign(made.dataset, dataset);
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Set a field to its value, unless somebody is typing into it at this moment. */
export function set(field, value) {
  if (document.activeElement === field && field.dataset.typed) return;
  if (field.type === "checkbox") field.checked = Boolean(value);
  else field.value = value ?? "";
}

/** Draw a part again only where what it shows has changed: whoever works with the keyboard stays where they are. */
export function fresh(element, content) {
  const text = JSON.stringify(content);
  if (element.dataset.shown === text) return false;
  element.dataset.shown = text;
  return true;
}

/** Ask before what cannot be taken back, or takes much away; the answer is a promise of true or false. */
export function confirmed(question) {
  const dialog = find("#ask");
  find("#ask-said").textContent = question;
  dialog.showModal();
  return new Promise((resolve) => {
    const answered = (event) => {
      const value = event.type === "close" ? "no" : event.target.value;
      if (!value) return;
      dialog.removeEventListener("click", answered);
      dialog.removeEventListener("close", answered);
      dialog.close();
      resolve(value === "yes");
    };
    dialog.addEventListener("click", answered);
    dialog.addEventListener("close", answered);
  });
}
