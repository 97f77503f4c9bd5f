// The page of an alert: kept on this telephone, to be read again where there is no network.
"use strict";

async function keep() {
  await navigator.serviceWorker.register("/r/hors-ligne.js", { scope: "/r/" });
  await navigator.serviceWorker.ready;
  const kept = await caches.open("alert-1");
  const styles = [...document.querySelectorAll("link[rel=stylesheet]")].map((link) => link.href);
  await kept.addAll([window.location.pathname, ...styles]);
  document.documentElement.dataset.kept = "yes";
}

// Without it, or where the browser keeps nothing, the page is as before.
if ("serviceWorker" in navigator) keep().catch(() => {});
