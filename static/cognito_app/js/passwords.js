// The password rules of a pool, marked as met or not while somebody types. Without a script the list stands as it is.
"use strict";

(() => {
  const list = document.querySelector("[data-password-rules]");
  const field = document.getElementById("password");
  const told = document.querySelector("[data-rules-told]");
  if (!list || !field || !told) return;
  const symbols = new Set("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-");
  const meets = {
    length: (text, item) => [...text].length >= Number(item.dataset.least),
    uppercase: (text) => /[A-Z]/.test(text),
    lowercase: (text) => /[a-z]/.test(text),
    number: (text) => /[0-9]/.test(text),
    symbol: (text) => [...text].some((letter) => symbols.has(letter)) || text.replace(/^ +| +$/g, "").includes(" "),
  };
  const items = [...list.querySelectorAll("[data-rule]")];
  const words = new Map(items.map((item) => [item, item.textContent.trim()]));
  let waiting;

  function tell(missing) {
    const text = missing.length ? `${told.dataset.missing} ${missing.join("; ")}` : told.dataset.all;
    if (told.textContent !== text) told.textContent = text;
  }

  function check() {
    const text = field.value;
    const missing = [];
    for (const item of items) {
      const met = meets[item.dataset.rule](text, item);
      if (!met) missing.push(words.get(item));
      item.classList.toggle("met", met && text !== "");
      item.classList.toggle("unmet", !met && text !== "");
      item.classList.toggle("passwordCheck-valid-customizable", met && text !== "");
      item.classList.toggle("passwordCheck-notValid-customizable", !met && text !== "");
      item.querySelector("[data-state]").textContent = text === "" ? "" : ` (${met ? list.dataset.met : list.dataset.unmet})`;
    }
    clearTimeout(waiting);
    // Screen readers hear of it when the typing stops, not at each letter.
    if (text !== "") waiting = setTimeout(() => tell(missing), 700);
  }

  field.addEventListener("input", check);
  if (field.value) check();
})();
