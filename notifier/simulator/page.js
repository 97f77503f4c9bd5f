// Reloads the page when something new has arrived; without script, the page reloads itself.
const shown = document.documentElement.dataset.version;
setInterval(async () => {
  try {
    const answer = await fetch("/simulator/version");
    const { version } = await answer.json();
    if (String(version) !== shown) location.reload();
  } catch {
    document.getElementById("offline").hidden = false;
  }
}, 1000);
