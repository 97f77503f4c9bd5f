// Maps without tiles: communes, zones and a point, drawn from the service's own GeoJSON.
//
// What a map shows comes from the data attributes of templates/console/components/map.html; what it
// looks like, from map.css. Everything it says stands in the page as text too.

const { L } = window;

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} ${address}`);
  return answer.json();
}

// Says what a shape is when pointed at, as text: Leaflet takes a string for HTML. Listening makes a browser stop at each of them with Tab: a
// hundred presses to pass a département, whose table says the same.
function say(layer, words) {
  const said = document.createElement("span");
  said.textContent = words;
  layer.bindTooltip(said, { sticky: true });
  layer.on("add", () => layer.getElement()?.setAttribute("tabindex", "-1"));
}

function drawCommunes(map, found, frame, states) {
  const highlighted = new Set((frame.dataset.highlight || "").split(" ").filter(Boolean));
  return L.geoJSON(found, {
    style: ({ properties: { code } }) => ({
      className: [
        "map-commune",
        states[code] ? `map-commune--${states[code].state}` : "",
        highlighted.has(code) ? "map-commune--highlight" : "",
      ].join(" "),
    }),
    onEachFeature({ properties: { code, name } }, layer) {
      const said = states[code] ? `${name} : ${states[code].label}` : name;
      say(layer, said);
      if (frame.dataset.links) {
        layer.on("click", () => {
          window.location.href = frame.dataset.links.replace("00000", code);
        });
      }
    },
  }).addTo(map);
}

function drawZones(map, found) {
  const named = (feature, layer) => {
    if (feature.properties.name) say(layer, feature.properties.name);
  };
  return L.geoJSON(found, {
    style: { className: "map-zone" },
    pointToLayer: (feature, at) =>
      L.circle(at, { radius: feature.properties.radius_m || 50, className: "map-zone map-zone--site" }),
    onEachFeature: named,
  }).addTo(map);
}

function drawPoint(map, frame) {
  const [latitude, longitude] = frame.dataset.point.split(",").map(Number);
  const drawn = L.featureGroup();
  const radius = Number(frame.dataset.radius || 0);
  if (radius) L.circle([latitude, longitude], { radius, className: "map-area" }).addTo(drawn);
  L.circleMarker([latitude, longitude], { radius: 7, className: "map-point" }).addTo(drawn);
  return drawn.addTo(map);
}

// A click on the map fills the inputs of a form, and what is typed there is drawn.
function pick(map, frame) {
  const input = (name) => document.getElementById(frame.dataset[name]);
  const [latitude, longitude, radius] = [input("latitude"), input("longitude"), input("radiusInput")];
  if (!latitude || !longitude) return;
  const drawn = L.featureGroup().addTo(map);
  const number = (field) => Number.parseFloat((field?.value || "").replace(",", "."));
  const draw = () => {
    drawn.clearLayers();
    const at = [number(latitude), number(longitude)];
    if (at.some(Number.isNaN)) return;
    L.circle(at, { radius: number(radius) || 0, className: "map-area" }).addTo(drawn);
    L.circleMarker(at, { radius: 5, className: "map-point" }).addTo(drawn);
  };
  map.on("click", ({ latlng }) => {
    latitude.value = latlng.lat.toFixed(6).replace(".", ",");
    longitude.value = latlng.lng.toFixed(6).replace(".", ",");
    draw();
  });
  for (const field of [latitude, longitude, radius]) field?.addEventListener("input", draw);
  draw();
}

function replaceBy(frame, words) {
  const said = document.createElement("p");
  said.className = "map-message";
  said.setAttribute("role", "status");
  said.textContent = words;
  frame.replaceChildren(said);
}

async function start(frame) {
  if (frame.dataset.started) return;
  frame.dataset.started = "yes";
  try {
    const { outlines, zones, states } = frame.dataset;
    const [communes, territory, known] = await Promise.all([
      outlines && read(outlines),
      zones && read(zones),
      states ? read(states) : {},
    ]);
    frame.querySelector(".map-message")?.remove();
    const map = L.map(frame, {
      attributionControl: false,
      zoomControl: false,
      zoomSnap: 0.25,
      scrollWheelZoom: false,
      // One finger scrolls the page, two move the map.
      dragging: !L.Browser.mobile,
      maxZoom: 17,
    });
    // Without a view a circle has no bounds.
    map.setView([46.6, 2.4], 5);
    L.control.zoom({ zoomInTitle: "Agrandir", zoomOutTitle: "Réduire" }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    const layers = [];
    if (communes) layers.push(drawCommunes(map, communes, frame, known));
    if (territory) layers.push(drawZones(map, territory));
    if (frame.dataset.point) layers.push(drawPoint(map, frame));
    const bounds = L.latLngBounds([]);
    for (const layer of layers) bounds.extend(layer.getBounds());
    if (!bounds.isValid()) {
      map.remove();
      replaceBy(frame, "Rien à dessiner : aucun contour n’est connu ici.");
      return;
    }
    map.fitBounds(bounds, { padding: [8, 8], maxZoom: 15, animate: false });
    pick(map, frame);
  } catch (error) {
    console.warn("map:", error);
    replaceBy(frame, "La carte n’a pas pu être dessinée ; le texte à côté dit la même chose.");
  }
}

function startAll(root) {
  for (const frame of root.querySelectorAll(".map")) start(frame);
}

startAll(document);
document.addEventListener("htmx:load", ({ target }) => startAll(target));
