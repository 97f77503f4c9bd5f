// Reloads the page when something new has arrived; without script, the page reloads itself.
const shown = document.documentElement.dataset.version;
setInterval(async () => {
  try {
    const answer = await fetch("/simulator/version");
    const { version } = await answer.json();
    if (String(version) !== shown) location.reload();
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
