// Shows the page of an alert again where there is no network. Whatever is asked for comes from the
// service; only where it cannot be reached, or is out of order, what this very address said last on
// this telephone is shown, for a day. The address holds the secret of its reader: no other address is ever answered
// with it. Nothing else is kept: no answer, no preferences.
"use strict";

const KEPT = "alert-1";
const DAY_MS = 24 * 3600 * 1000;
const ALERT = /^\/r\/[0-9A-Za-z]{12}$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isKept = ALERT.test(url.pathname) || url.pathname.startsWith("/static/console/");
  if (event.request.method === "GET" && url.origin === self.location.origin && isKept) {
    event.respondWith(answer(event.request));
  }
});

async function answer(request) {
  const kept = await caches.open(KEPT);
  const fresh = await fetch(request).catch(() => Response.error());
  if (fresh.type === "error" || fresh.status >= 500) {
    const last = await kept.match(request.url);
    return last && !isOld(last) ? last : fresh;
  }
  if (fresh.ok) {
    await kept.put(request.url, fresh.clone());
    await forgetOld(kept);
  } else if (fresh.status === 404) {
    await kept.delete(request.url);
  }
  return fresh;
}

function isOld(response) {
  return Date.now() - Date.parse(response.headers.get("Date")) > DAY_MS;
}

async function forgetOld(kept) {
  for (const request of await kept.keys()) {
    const response = await kept.match(request);
    if (response && isOld(response)) await kept.delete(request);
  }
}
