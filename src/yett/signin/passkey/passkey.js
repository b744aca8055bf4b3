// The browser's side of passkeys: signing in on the sign-in page, making one on the page of one's own.
// What the page has says which: a block "passkey-signin" or "passkey-new". Both stay hidden without it.
"use strict";

(() => {
  const signIn = document.getElementById("passkey-signin");
  const make = document.getElementById("passkey-new");
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0)).buffer;
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

  async function call(path, content) {
    const answer = await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(content),
    });
    const read = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(read.title || "That did not work."), { told: read });
    return read;
  }

  // What went wrong, in words for the person; nothing when they only changed their mind.
  function words(problem, nothing) {
    if (problem.told) return problem.told.title;
    if (problem.name === "AbortError") return "";
    if (problem.name === "NotAllowedError") return nothing;
    if (problem.name === "InvalidStateError") return "This device has a passkey here already.";
    return "This did not work. Check your connection and try again.";
  }

  function say(place, text, bad) {
    // Shown first and filled then: what changes while it is hidden is not read out.
    place.hidden = !text;
    place.classList.toggle("bad", Boolean(text) && bad);
    place.textContent = text;
  }

  // Lets the device forget a passkey that was revoked here, where the browser can.
  function forget(problem, options, id) {
    if (problem.told && problem.told.unknown && id && PublicKeyCredential.signalUnknownCredential) {
      PublicKeyCredential.signalUnknownCredential({ rpId: options.rpId, credentialId: id }).catch(() => {});
    }
  }

  let waiting = null;

  async function use(form, extra) {
    const asked = await call("/signin/passkey/begin", {});
    const options = asked.publicKey;
    const found = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        allowCredentials: named(options.allowCredentials),
      },
      ...extra,
    });
    const response = found.response;
    const credential = {
      id: found.id,
      rawId: toText(found.rawId),
      type: found.type,
      response: {
        clientDataJSON: toText(response.clientDataJSON),
        authenticatorData: toText(response.authenticatorData),
        signature: toText(response.signature),
        userHandle: response.userHandle && response.userHandle.byteLength ? toText(response.userHandle) : null,
      },
    };
    try {
      const done = await call("/signin/passkey/finish", { ceremony: asked.ceremony, form, credential });
      location.assign(done.next);
    } catch (problem) {
      forget(problem, options, found.id);
      throw problem;
    }
  }

  function setUpSignIn() {
    // A page with forms of its own has the one for this in the block.
    const form = (signIn.querySelector('input[name="form"]') || document.querySelector('input[name="form"]')).value;
    const button = signIn.querySelector("button");
    const status = signIn.querySelector('[role="status"]');
    signIn.hidden = false;

    // Passkeys among what the browser offers to fill in for the name.
    async function offer() {
      const can = PublicKeyCredential.isConditionalMediationAvailable;
      if (!can || !(await can.call(PublicKeyCredential))) return;
      waiting = new AbortController();
      try {
        await use(form, { mediation: "conditional", signal: waiting.signal });
      } catch (problem) {
        // Nobody asked for this aloud, so only what came of a choice is worth a word.
        if (problem.told) say(status, problem.told.title, true);
      }
    }

    button.addEventListener("click", async () => {
      if (waiting) waiting.abort();
      button.disabled = true;
      say(status, "Waiting for your device…", false);
      try {
        await use(form, {});
      } catch (problem) {
        say(status, words(problem, "No passkey was used. Try again, or sign in another way."), true);
        button.disabled = false;
        button.focus();
      }
    });
    offer();
  }

  function setUpMaking() {
    const button = make.querySelector("button");
    const status = make.querySelector('[role="status"]');
    const name = make.querySelector("input");
    make.hidden = false;
    make.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      button.disabled = true;
      say(status, "Waiting for your device…", false);
      try {
        const asked = await call("/profile/passkeys/begin", {});
        const options = asked.publicKey;
        const made = await navigator.credentials.create({
          publicKey: {
            ...options,
            challenge: toBytes(options.challenge),
            user: { ...options.user, id: toBytes(options.user.id) },
            excludeCredentials: named(options.excludeCredentials),
          },
        });
        const response = made.response;
        const credential = {
          id: made.id,
          rawId: toText(made.rawId),
          type: made.type,
          response: {
            clientDataJSON: toText(response.clientDataJSON),
            attestationObject: toText(response.attestationObject),
            transports: response.getTransports ? response.getTransports() : [],
          },
        };
        const done = await call("/profile/passkeys/finish", {
          ceremony: asked.ceremony,
          credential,
          name: name.value,
          next: new URLSearchParams(location.search).get("next") || "/",
        });
        location.assign(done.next);
      } catch (problem) {
        if (problem.told && problem.told.next) return location.assign(problem.told.next);
        say(status, words(problem, "No passkey was made. Try again when you are ready."), true);
        button.disabled = false;
        button.focus();
      }
    });
  }

  if (signIn) setUpSignIn();
  if (make) setUpMaking();
})();
