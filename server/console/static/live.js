// Keeps what the page shows up to date. Without it the page is the same, until it is loaded anew.
// Whatever is marked data-live is fetched again with the whole page when something has happened, or when its time
// (data-every, seconds) has come. What somebody is just using is left alone.

const QUIET = 400; // ms: events come in bunches
const POLL = 15; // s, while there is no stream
const live = () => [...document.querySelectorAll("[data-live][id]")];
const told = document.querySelector("meta[name=kb-events]");
let heard = told?.dataset.heard ?? "0"; // what has happened since the page was read is not missed
let waiting = 0;
let source = null;
let loading = false;

const busy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, summary")
  || part.querySelector("details.confirm[open]") !== null;

async function refresh() {
  if (loading || document.hidden || live().length === 0) return;
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
        const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        part.innerHTML = fresh.innerHTML;
        part.classList.remove("fresh");
        void part.offsetWidth;
        part.classList.add("fresh");
        if (focused !== null) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
      }
      part.dataset.was = fresh.innerHTML;
    }
  } catch {
    // The server is away: the stream says when it is back.
  } finally {
    loading = false;
  }
}

function soon(event) {
  if (event?.lastEventId) heard = event.lastEventId;
  clearTimeout(waiting);
  waiting = setTimeout(refresh, QUIET);
}

function listen() {
  if (document.hidden || source !== null || live().length === 0) return;
  source = new EventSource(`/api/v1/events?after=${heard}`);
  for (const type of told?.content.split(" ") ?? []) source.addEventListener(type, soon);
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // it comes back by itself
    source = null; // refused: signed out, or too many pages are open
    soon();
    setTimeout(listen, POLL * 1000);
  });
}

function hush() {
  source?.close();
  source = null;
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
