/* The page's own behaviour: copying a citation, going to a finding, and keeping a new
   question in view. */
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

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest(".sf-copy");
    if (!button) return;
    const citation = button.closest(".sf-card").querySelector(".sf-citation");
    const label = "Copy citation";
    const done = await copy(citation.textContent);
    button.textContent = done ? "Copied" : "Select the text above to copy it";
    button.focus({ preventScroll: true });
    setTimeout(() => (button.textContent = label), SHOWN_MS);
  });

  /* Links inside the page are followed here, because the page has a base address. */
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest(".sf-goto");
    if (!link) return;
    event.preventDefault();
    const finding = document.getElementById(link.getAttribute("href").slice(1));
    finding.setAttribute("tabindex", "-1");
    finding.focus({ preventScroll: true });
    finding.scrollIntoView({ block: "start" });
  });

  /* A new question goes to the top of the window, so that its answer is read from the
     start and nothing scrolls while more of it arrives. */
  let questions = 0;
  new MutationObserver(() => {
    const all = document.querySelectorAll("#sf-chat .sf-question");
    if (all.length > questions) {
      const row = all[all.length - 1].closest(".message-row");
      requestAnimationFrame(() => row.scrollIntoView({ block: "start" }));
    }
    questions = all.length;
    // Gradio calls its examples a list, but they are buttons.
    document.querySelector("#sf-chat .examples[role=list]")?.setAttribute("role", "group");
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
