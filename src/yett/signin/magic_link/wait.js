"use strict";

// Asks whether the link was confirmed, and goes on when it was. Without this file the page loads itself
// anew every few seconds and shows a button.

(() => {
  const place = document.getElementById("waiting");
  const state = document.getElementById("state");
  const again = document.getElementById("again");
  const address = place.dataset.poll;
  let seconds = Number(place.dataset.interval) || 5;
  let failures = 0;

  const later = () => window.setTimeout(ask, seconds * 1000);

  const over = (text) => {
    state.textContent = text;
    again.hidden = false;
    again.querySelector("a").focus();
  };

  async function ask() {
    let answer;
    let said;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: "{}",
        credentials: "same-origin",
        cache: "no-store",
      });
      said = await answer.json();
    } catch {
      failures += 1;
      if (failures > 20) {
        over("The connection is lost. Load this page again.");
      } else {
        later();
      }
      return;
    }
    failures = 0;
    if (answer.ok && said.state === "pending") {
      seconds = Number(said.interval) || seconds;
      later();
    } else if (answer.ok && typeof said.next === "string" && said.next.startsWith("/")) {
      state.textContent = "Confirmed. You are being signed in.";
      window.location.replace(said.next);
    } else {
      over(typeof said.title === "string" ? said.title : "This did not work.");
    }
  }

  later();
})();
