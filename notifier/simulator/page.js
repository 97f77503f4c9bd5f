// Reloads the page when something new has arrived; without script, the page reloads itself.
const shown = document.documentElement.dataset.version;
setInterval(async () => {
  try {
    const answer = await fetch("/simulator/version");
    const { version } = await answer.json();
    const isWriting = document.activeElement?.matches("input") && document.activeElement.value;
    if (String(version) !== shown && !isWriting) location.reload();
    await showCodes();
  } catch {
    document.getElementById("offline").hidden = false;
  }
}, 1000);

// The authenticator application: another code every thirty seconds.
async function showCodes() {
  const seconds = document.getElementById("seconds");
  if (!seconds) return;
  const { codes, seconds_left } = await (await fetch("/simulator/codes")).json();
  seconds.textContent = seconds_left;
  for (const shown of document.querySelectorAll("[data-account]")) {
    shown.textContent = codes[shown.dataset.account];
  }
}

// What the owner of a telephone does: take the call that rings and press a key, or write a text.
async function act(path, what) {
  await fetch(path, { method: "POST", body: JSON.stringify(what) });
  location.reload();
}

document.addEventListener("click", (event) => {
  const { to, key } = event.target.dataset;
  if (key) act("/simulator/key", { to, key });
  else if (to) act("/simulator/hang-up", { to });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  act("/simulator/text", { from: form.dataset.from, to: form.dataset.to, body: form.body.value });
});
