// The browser's side of proof of work: fetches a challenge, finds a number whose hash begins with enough
// zero bits, and goes on to where the person wanted. The same file is the page's script and its workers'.
"use strict";

(() => {
  // SHA-256 (FIPS 180-4) of one block: a challenge of 43 characters and up to 12 digits fit into 55 bytes.
  // Its constants are the first 32 bits of the fractional parts of roots of primes.
  const ROUNDS = new Int32Array(64);
  const START = new Int32Array(8);
  for (let number = 2, found = 0; found < 64; number++) {
    let isPrime = true;
    for (let factor = 2; factor * factor <= number; factor++) {
      if (number % factor === 0) { isPrime = false; break; }
    }
    if (!isPrime) continue;
    if (found < 8) START[found] = (Math.sqrt(number) % 1) * 4294967296;
    ROUNDS[found++] = (Math.cbrt(number) % 1) * 4294967296;
  }
  const W = new Int32Array(64);

  // How many zero bits the hash of the block in W begins with, up to 32.
  function zeros() {
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15], y = W[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
    }
    let a = START[0], b = START[1], c = START[2], d = START[3];
    let e = START[4], f = START[5], g = START[6], h = START[7];
    for (let i = 0; i < 64; i++) {
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + S1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + W[i]) | 0;
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0;
      d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    return Math.clz32((a + START[0]) | 0);
  }

  // Tries `count` numbers from `first` on, `step` apart; the one that fits as text, or null.
  function hunt(challenge, difficulty, first, step, count) {
    const size = challenge.length;
    const block = new Uint8Array(64);
    for (let i = 0; i < size; i++) block[i] = challenge.charCodeAt(i);
    for (let tried = 0, number = first; tried < count; tried++, number += step) {
      const digits = String(number), length = size + digits.length;
      for (let i = 0; i < digits.length; i++) block[size + i] = digits.charCodeAt(i);
      block[length] = 0x80;
      for (let i = length + 1; i < 56; i++) block[i] = 0;
      for (let i = 0; i < 15; i++) {
        W[i] = (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) | block[4 * i + 3];
      }
      W[14] = 0;
      W[15] = length * 8;
      if (zeros() >= difficulty) return digits;
    }
    return null;
  }

  const SLICE = 20000;

  if (typeof document === "undefined") {
    self.onmessage = ({ data: { challenge, difficulty, first, step } }) => {
      for (let number = first; ; number += step * SLICE) {
        const nonce = hunt(challenge, difficulty, number, step, SLICE);
        self.postMessage({ nonce, tried: SLICE });
        if (nonce !== null) return;
      }
    };
    return;
  }

  const $ = (id) => document.getElementById(id);
  const HERE = document.currentScript.src;
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  function say(text) {
    $("state").textContent = text;
  }

  function post(name, fields) {
    return fetch("/_yett/pow/" + name, {
      method: "POST", body: new URLSearchParams(fields), credentials: "same-origin", cache: "no-store",
    });
  }

  function workers(challenge, difficulty, progress) {
    return new Promise((resolve, reject) => {
      const crowd = [];
      const stop = () => crowd.forEach((worker) => worker.terminate());
      const step = Math.max(1, Math.min(4, navigator.hardwareConcurrency || 1));
      for (let first = 0; first < step; first++) {
        const worker = new Worker(HERE);
        crowd.push(worker);
        worker.onerror = () => { stop(); reject(new Error("no workers")); };
        worker.onmessage = ({ data: { nonce, tried } }) => {
          progress(tried);
          if (nonce !== null) { stop(); resolve(nonce); }
        };
        worker.postMessage({ challenge, difficulty, first, step });
      }
    });
  }

  async function alone(challenge, difficulty, progress) {
    for (let number = 0; ; number += 2000) {
      const nonce = hunt(challenge, difficulty, number, 1, 2000);
      progress(2000);
      if (nonce !== null) return nonce;
      await pause(0);
    }
  }

  async function solve({ challenge, difficulty }) {
    let tried = 0;
    const progress = (more) => {
      tried += more;
      // The chance of having found it by now: there is no last try to count towards.
      $("progress").value = 100 * (1 - Math.exp(-tried / 2 ** difficulty));
    };
    try {
      return await workers(challenge, difficulty, progress);
    } catch {
      return alone(challenge, difficulty, progress);
    }
  }

  // Fields that nobody sees, for programs that fill in whatever they find.
  function plant(names) {
    const form = $("decoys");
    form.replaceChildren();
    Object.assign(form.style, { position: "absolute", left: "-9999px" });
    for (const name of names) {
      const input = document.createElement("input");
      input.name = name;
      input.autocomplete = "off";
      input.tabIndex = -1;
      input.setAttribute("aria-hidden", "true");
      form.append(input);
    }
  }

  async function prove() {
    for (let turn = 0; turn < 3; turn++) {
      const asked = await post("challenge", { page: "1" });
      if (!asked.ok) throw new Error("no challenge");
      const given = await asked.json();
      const opened = performance.now();
      plant(given.decoys);
      const nonce = await solve(given);
      await pause(given.wait + 100 - (performance.now() - opened));
      const fields = Object.fromEntries(new FormData($("decoys")));
      const answer = await post("solution", { ...fields, id: given.id, nonce });
      if (answer.ok) return;
      if (answer.status !== 403) break;
    }
    throw new Error("no success");
  }

  // A form may be in any encoding, and its bytes must stay as they were. Windows-1252 gives each byte a
  // character of its own (Encoding, 9.1), so bytes are read as that, and the form is sent as that.
  const CHARACTERS = new TextDecoder("windows-1252").decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  const BYTES = new Map(Array.from(CHARACTERS, (character, byte) => [character, byte]));

  function unescaped(text) {
    return text
      .replaceAll("+", " ")
      .replace(/%([0-9a-f]{2})/gi, (_, digits) => CHARACTERS[parseInt(digits, 16)]);
  }

  async function restored(file) {
    const text = await file.text();
    return new File([Uint8Array.from(text, (character) => BYTES.get(character))], file.name, { type: file.type });
  }

  // The fields of a kept form, in order.
  async function read(kind, bytes) {
    const text = new TextDecoder("windows-1252").decode(bytes);
    if (!kind.startsWith("multipart/")) {
      return text.split("&").filter(Boolean).map((pair) => {
        const [name, ...value] = pair.split("=");
        return [unescaped(name), unescaped(value.join("="))];
      });
    }
    const parts = await new Response(text, { headers: { "Content-Type": kind } }).formData();
    return Promise.all(
      Array.from(parts, async ([name, value]) => [name, value instanceof File ? await restored(value) : value]),
    );
  }

  // Sends a form once more, as the browser would have.
  function resend(kind, fields) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = location.href;
    form.enctype = kind.startsWith("multipart/") ? "multipart/form-data" : "application/x-www-form-urlencoded";
    form.acceptCharset = "windows-1252";
    form.hidden = true;
    for (const [name, value] of fields) {
      // A text area keeps line ends, and no name means anything to it, as "_charset_" does to hidden fields.
      const field = document.createElement(value instanceof File ? "input" : "textarea");
      field.name = name;
      if (value instanceof File) {
        field.type = "file";
        if (value.name || value.size) {
          const files = new DataTransfer();
          files.items.add(value);
          field.files = files.files;
        }
      } else {
        field.value = value;
      }
      form.append(field);
    }
    document.body.append(form);
    // A field may be called "submit", and would hide the form's own.
    HTMLFormElement.prototype.submit.call(form);
  }

  function stay(heading, lead, label, act) {
    $("bar").hidden = true;
    $("heading").textContent = heading;
    $("lead").textContent = lead;
    say("");
    const again = $("again");
    again.textContent = label;
    again.onclick = act;
    $("actions").hidden = false;
    again.focus();
  }

  async function goOn() {
    const { posted, body } = $("proof").dataset;
    if (posted !== "1") return location.reload();
    if (body) {
      const answer = await post("body", { id: body });
      if (answer.ok) {
        const kind = answer.headers.get("Content-Type");
        return resend(kind, await read(kind, await answer.arrayBuffer()));
      }
    }
    stay("Please send it again", "Your browser is through. What you had sent was not kept.", "Go back", () => history.back());
  }

  async function run() {
    $("actions").hidden = true;
    $("bar").hidden = false;
    $("progress").style.width = "100%";
    say("Your browser is computing.");
    try {
      await prove();
    } catch {
      stay("That did not work", "Your browser could not finish the computation, or the site did not accept it.", "Try again", run);
      return;
    }
    // Without this, a browser that keeps no cookies would compute for ever.
    const kept = await fetch("/_yett/pow/pass", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (!kept?.ok) {
      stay("Your browser kept no cookie", "It has computed, but the proof of that is a cookie. Allow cookies for this site and try again.", "Try again", run);
      return;
    }
    say("Done. You are being taken on.");
    $("progress").value = 100;
    try {
      await goOn();
    } catch {
      stay("Please send it again", "Your browser is through. What you had sent was not kept.", "Go back", () => history.back());
    }
  }

  run();
})();
