// Keeps what the page shows up to date. Without it the page is the same, until it is loaded anew.
// Whatever is marked data-live is fetched again with the whole page when something has happened, or when its time
// (data-every, seconds) has come. What somebody is just using is left alone. What has happened the account's stream of
// events says, and whatever further stream a part names (data-stream, and its data-events).

const QUIET = 400; // ms: events come in bunches
const POLL = 15; // s, while there is no stream
const live = () => [...document.querySelectorAll("[data-live][id]")];
const told = document.querySelector("meta[name=kb-events]");
let heard = told?.dataset.heard ?? "0"; // what has happened since the page was read is not missed
let waiting = 0;
const sources = new Map(); // by address without its query: what is listened to
let loading = false;
let missed = false; // something has happened while the page was being fetched

const busy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, summary")
  || part.querySelector("details.confirm[open]") !== null
  || getSelection().type === "Range" && part.contains(getSelection().anchorNode)
  || [...part.querySelectorAll(".tail")].some((tail) => tail.scrollTop < -8); // its end is its beginning: see the style

async function refresh() {
  if (document.hidden || live().length === 0) return;
  if (loading) { missed = true; return; }
  loading = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live()) {
      const fresh = page.getElementById(part.id);
      if (fresh === null || busy(part) || fresh.innerHTML === part.dataset.was) continue;
      if (part.dataset.was !== undefined || fresh.innerHTML !== part.innerHTML) {
        const used = part.contains(document.activeElement) ? document.activeElement : null;
        const focused = used?.id ? `#${CSS.escape(used.id)}` : used?.hasAttribute("href") ? `[href="${CSS.escape(used.getAttribute("href"))}"]` : null;
        part.innerHTML = fresh.innerHTML;
        part.classList.remove("fresh");
        void part.offsetWidth;
        part.classList.add("fresh");
        if (focused !== null) part.querySelector(focused)?.focus({ preventScroll: true });
      }
      part.dataset.was = fresh.innerHTML;
    }
  } catch {
    // The server is away: the stream says when it is back.
  } finally {
    loading = false;
    listen(); // a part may name a stream now, or no longer
    if (missed) soon();
    missed = false;
  }
}

function soon() {
  waiting ||= setTimeout(() => { waiting = 0; refresh(); }, QUIET);
}

function happened(event) {
  if (event.lastEventId) heard = event.lastEventId;
  soon();
}

const EVENTS = "/api/v1/events";
function wanted() { // streams by their address without its query
  const found = new Map([[EVENTS, [`${EVENTS}?after=${heard}`, told?.content ?? "", happened]]]);
  for (const part of document.querySelectorAll("[data-live] [data-stream]"))
    found.set(part.dataset.stream.split("?")[0], [part.dataset.stream, part.dataset.events, soon]);
  return found;
}

function listen() {
  if (document.hidden || live().length === 0) return;
  const named = wanted();
  for (const [name, source] of sources) if (!named.has(name)) { source.close(); sources.delete(name); }
  for (const [name, [url, types, hear]] of named) if (!sources.has(name)) open(name, url, types.split(" "), hear);
}

function open(name, url, types, hear) {
  const source = new EventSource(url);
  sources.set(name, source);
  for (const type of types) source.addEventListener(type, hear);
  source.addEventListener("end", () => source.close()); // there is no more: the page names it no longer
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED || sources.get(name) !== source) return; // it comes back by itself
    soon(); // refused: signed out, or too many pages are open
    setTimeout(() => { if (sources.get(name) === source) { sources.delete(name); listen(); } }, POLL * 1000);
  });
}

function hush() {
  for (const source of sources.values()) source.close();
  sources.clear();
}

document.addEventListener("visibilitychange", () => (document.hidden ? hush() : (listen(), soon())));
addEventListener("pagehide", hush);
listen();
const every = Math.min(...live().map((part) => Number(part.dataset.every ?? POLL * 4)));
if (Number.isFinite(every)) setInterval(refresh, every * 1000);

// A field that a button fills, and a line that a button copies: small helps where scripts run.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.done;
  });
}
