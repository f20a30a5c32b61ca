/* The page's own behaviour: clicks that Python answers, copying a citation, going to a card,
   and keeping what is new in view without moving what is read. */
(() => {
  "use strict";
  const SHOWN_MS = 2000;

  /** Copies without the clipboard API, which browsers withhold from pages on plain HTTP. */
  function copyBySelection(text) {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.style.cssText = "position:fixed;top:0;left:0;opacity:0";
    document.body.append(area);
    area.select();
    try {
      return document.execCommand("copy");
    } finally {
      area.remove();
    }
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  }

  /** Copies a card's citation, after the quotation where the button has one. */
  async function copyCitation(button) {
    const citation = button.closest(".sf-card").querySelector(".sf-citation").textContent;
    const { quote } = button.dataset;
    const shown = button.dataset.words ?? button.textContent;
    button.dataset.words = shown;
    const done = await copy(quote ? `\u201c${quote}\u201d ${citation}` : citation);
    button.textContent = done ? "Copied" : "Select the citation to copy it";
    button.focus({ preventScroll: true });
    setTimeout(() => (button.textContent = shown), SHOWN_MS);
  }

  /** Copies a link into the server, whole, as it is given to somebody else. */
  async function copyLink(button) {
    const shown = button.dataset.words ?? button.textContent;
    button.dataset.words = shown;
    const link = new URL(button.dataset.to, location.origin + location.pathname).href;
    button.textContent = (await copy(link)) ? "Link copied" : link;
    button.focus({ preventScroll: true });
    if (button.textContent !== link) setTimeout(() => (button.textContent = shown), SHOWN_MS);
  }

  /* ---- clicks that Python answers: they go to the bus, a hidden element of the page ---- */

  let readAt = null; // where the quotation stood when its document is read on

  let pressed = null; // the list in which something was pressed last

  function send(detail) {
    pressed = document.activeElement.closest("#sf-projects, #sf-shelf");
    const mark = document.getElementById("sf-quotation");
    readAt = detail.act === "read" && mark ? mark.getBoundingClientRect().top : null;
    document.dispatchEvent(new CustomEvent("sf-act", { detail }));
  }

  const ZOOM = [1, 1.5, 2, 3];

  /** Makes the picture of a page larger or smaller, what is in its middle staying there. */
  function zoom(by) {
    const page = document.getElementById("sf-page");
    const view = page.parentElement;
    const now = Number(page.dataset.zoom ?? 0);
    const next = Math.min(Math.max(now + by, 0), ZOOM.length - 1);
    const middle = (view.scrollLeft + view.clientWidth / 2) / page.offsetWidth;
    page.dataset.zoom = next;
    page.style.width = `${100 * ZOOM[next]}%`;
    view.scrollLeft = middle * page.offsetWidth - view.clientWidth / 2;
  }

  /** Shows or hides a form of a card. */
  function unfold(button) {
    const form = document.getElementById(button.dataset.fold);
    form.hidden = !form.hidden;
    const opener = openerOf(form);
    opener.setAttribute("aria-expanded", String(!form.hidden));
    (form.hidden ? opener : form.querySelector("textarea")).focus({ preventScroll: true });
  }

  const openerOf = (form) =>
    document.querySelector(`[aria-expanded][data-fold="${form.id}"]`);

  /** Puts away a form once what it sent is saved, and says so where it was opened. */
  function putAway(form) {
    drafts.delete(subject(form));
    if (form.matches(".sf-pinning")) {
      if (!form.hidden) unfold(openerOf(form));
    } else if (form.parentElement.matches(".sf-objects")) form.parentElement.open = false;
  }

  /** Goes to another address within the page. While a search goes on, the page is loaded there
      instead: what it still finds would come into the other conversation. */
  function go(to) {
    if (document.querySelector(".sf-stage-searching")) location.assign(to);
    else send({ act: "go", to });
  }

  addEventListener("popstate", () => {
    if (document.querySelector(".sf-stage-searching")) location.reload();
    else send({ act: "go", to: location.search || "/" });
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[data-goes]")) go(event.target.value);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const from = document.activeElement;
    const form = from?.closest(".sf-edit, .sf-describe");
    if (form) return void form.querySelector("button[data-act]")?.click();
    if (from?.matches("textarea, input") && from.value) return;
    document.querySelector("#sf-pane [data-act=back]")?.click();
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
    const tab = event.target instanceof Element && event.target.closest("#sf-tabs [role=tab]");
    if (tab) putNoticeAway(tab.dataset.tabId === "corpus");
    const place = event.target instanceof Element && event.target.closest("[data-act], .sf-goto");
    if (!place || place instanceof HTMLFormElement) return;
    if (place.dataset.act === "copy") return void copyCitation(place);
    if (place.dataset.act === "zoom") return void zoom(Number(place.dataset.by));
    if (place.closest("#sf-shelf") && place.dataset.act === "open") {
      document.querySelector("#sf-tabs [role=tab]").click(); // what is read is beside the chat
    }
    if ("cancel" in place.dataset) forget(place.closest("form"));
    if (place.dataset.act === "unfold") return void unfold(place);
    if (place.dataset.act === "copy-link") return void copyLink(place);
    if (place.dataset.act === "put-away") return void putNoticeAway();
    if (place.dataset.sure && !window.confirm(place.dataset.sure)) return;
    event.preventDefault();
    /* Links inside the page are followed here, because the page has a base address. */
    if (place.dataset.act === "go") go(place.dataset.to);
    else if (place.dataset.act) send({ ...place.dataset });
    else goTo(document.getElementById(place.getAttribute("href").slice(1)));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.act) return;
    event.preventDefault();
    const fields = new FormData(form);
    const values = {};
    for (const name of new Set(fields.keys())) values[name] = fields.getAll(name);
    for (const [name, given] of Object.entries(values)) {
      if (given.length === 1) values[name] = given[0];
    }
    send({ ...values, ...form.dataset });
    if (!CONFIRMED.has(form.dataset.act)) drafts.delete(subject(form));
  });

  /* ---- what was typed into a form stays with what the form is about ----
     Gradio draws anew by changing what stands in the same place, and a field that was typed into
     keeps its value then, whatever its form has become. */

  const CONFIRMED = new Set(["save-pin", "save-objection"]); // the server says when they are saved
  const drafts = new Map(); // what was typed and not sent, by what the form is about
  const settled = new WeakMap(); // what the fields of a form are about

  const subject = (form) => `${form.dataset.act} ${form.dataset.of}`;

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-of]");
    if (form) drafts.set(subject(form), new FormData(form));
  });

  /** Gives the fields of a form the values that the server gave them. */
  function forget(form) {
    drafts.delete(subject(form));
    form.reset();
  }

  /** Gives a form that is now about something else the values that were typed for that. */
  function settle(form) {
    const about = subject(form);
    if (settled.get(form) === about) return;
    settled.set(form, about);
    form.reset();
    const draft = drafts.get(about);
    for (const field of draft ? form.elements : []) {
      if (field.type === "checkbox") field.checked = draft.getAll(field.name).includes(field.value);
      else if (draft.has(field.name)) field.value = draft.get(field.name);
    }
    if (!form.matches(".sf-pinning")) return;
    form.hidden = !draft;
    openerOf(form).setAttribute("aria-expanded", String(Boolean(draft)));
  }

  /** Says of each passage whether it is pinned in the project. */
  function tellPinned() {
    const place = document.querySelector("#sf-line [data-pinned]");
    const pinned = new Set(JSON.parse(place?.dataset.pinned ?? "[]"));
    for (const form of document.querySelectorAll(".sf-pinning")) {
      const opener = openerOf(form);
      const words = pinned.has(form.dataset.of) ? "Pinned" : "Pin";
      if (opener.textContent === words) continue;
      opener.textContent = words;
      opener.setAttribute("aria-label", opener.getAttribute("aria-label").replace(/^Pin(ned)?/, words));
    }
  }

  /* ---- what became of the work on the index stands above all tabs until it was seen ---- */

  let away = ""; // the end of the work whose notice is put away

  function putNoticeAway(back = false) {
    const notice = document.querySelector("#sf-work-place [data-ended]");
    away = notice && !back ? notice.dataset.ended : "";
    tellNotice();
  }

  function tellNotice() {
    const notice = document.querySelector("#sf-work-place [data-ended]");
    if (notice) notice.hidden = notice.dataset.ended === away;
  }

  /* ---- keeping in view ---- */

  function goTo(place) {
    if (!place) return;
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: place.matches("mark, .sf-box") ? "center" : "start" });
  }

  /** Keeps the focus near what was pressed in a list, where that is gone from it: on what takes it
      back, else on the list. */
  function keepFocus() {
    if (!pressed || document.activeElement !== document.body) return;
    const place = pressed.querySelector(".sf-work [data-act]") ?? pressed.querySelector(".sf-frame");
    place?.focus({ preventScroll: true });
    if (document.activeElement === place) pressed = null;
  }

  /** Leads the reader to what a click has put into the pane. */
  function lead(frame) {
    const place = frame && document.getElementById(frame.dataset.focus);
    if (!place) return;
    if (readAt === null) return goTo(place);
    const moved = place.getBoundingClientRect().top - readAt;
    const pane = document.getElementById("sf-beside");
    const scrolls = pane.scrollHeight > pane.clientHeight + 1;
    (scrolls ? pane : window).scrollBy(0, moved);
    place.focus({ preventScroll: true });
    readAt = null;
  }

  /** Makes the address of the window that of what is shown. A click, and a first question, make
      a step that Back undoes. */
  function addressed(at, clicked) {
    const now = location.search || "/";
    if (!at || at === now) return;
    const asked = /[?&](conversation|answer)=/;
    const step = clicked || (asked.test(at) && !asked.test(now));
    history[step ? "pushState" : "replaceState"](null, "", at === "/" ? location.pathname : at);
  }

  let questions = 0;
  let clicks = "0"; // how many were answered
  let at = "";
  let saved = "";
  let told = "";
  new MutationObserver(() => {
    /* A new question goes to the top of the window, so that its answer is read from the
       start and nothing scrolls while more of it arrives. */
    const all = document.querySelectorAll("#sf-chat .sf-question");
    if (all.length > questions) {
      putNoticeAway();
      const row = all[all.length - 1].closest(".message-row");
      requestAnimationFrame(() => row.scrollIntoView({ block: "start" }));
    }
    questions = all.length;
    const answered = document.querySelector("#sf-pane [data-clicks]");
    if (answered && (answered.dataset.clicks !== clicks || answered.dataset.at !== at)) {
      const clicked = answered.dataset.clicks !== clicks;
      ({ clicks, at } = answered.dataset);
      addressed(at, clicked && clicks !== "0");
      if (clicked && clicks !== "0") lead(answered.querySelector(".sf-frame"));
    }
    document.querySelectorAll("form[data-of]").forEach(settle);
    tellPinned();
    tellNotice();
    keepFocus();
    const done = document.querySelector("#sf-line [data-done]");
    if (done && done.dataset.made !== told) {
      told = done.dataset.made;
      const sent = [...document.querySelectorAll("form[data-of]")];
      const form = sent.find((each) => subject(each) === done.dataset.done);
      if (form) putAway(form);
    }
    /* A file that was asked for is saved. */
    const file = document.querySelector("#sf-kept a[download]");
    if (file && file.dataset.made !== saved) {
      saved = file.dataset.made;
      file.click();
    }
    // Gradio calls its examples a list, but they are buttons; its box has no name, and its
    // button has another one than it shows.
    document.querySelector("#sf-chat .examples[role=list]")?.setAttribute("role", "group");
    document.querySelector("#sf-box textarea")?.setAttribute("aria-label", "A claim about the past");
    document.querySelector("#sf-box .submit-button")?.setAttribute("aria-label", "Search");
  }).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributeFilter: ["data-clicks", "data-at", "data-made", "data-of", "data-pinned", "data-ended"],
  });
})();
