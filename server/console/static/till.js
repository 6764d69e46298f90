// The cashier's page: it speaks the same REST API as a CRM does. Sums are whole kopecks, as BigInt; the server judges.
// A job's id is made before it is sent and kept until its answer is known: whatever is lost on the way, the same request
// is sent again, and the server makes one receipt of it.

const page = document.getElementById("till");
if (page !== null) start(JSON.parse(page.dataset.told));

function start(told) {
  const by = (id) => document.getElementById(id);
  const russian = document.documentElement.lang === "ru";
  const token = document.querySelector("meta[name=kb-csrf]").content;
  const items = by("items");
  const KEPT = "kb_till";
  let following = null; // the job whose progress is shown
  let lines = 0;

  // --- sums ---------------------------------------------------------------------------------------------------------

  function scaled(text, places) {
    const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.replace(/[\s\u00a0]/g, ""));
    if (match === null || (match[2] ?? "").length > places) return null;
    return BigInt(match[1] + (match[2] ?? "").padEnd(places, "0"));
  }
  const kopecks = (text) => scaled(text, 2);
  const roubles = (sum) => `${sum / 100n}.${String(sum % 100n).padStart(2, "0")}`;
  const quantity = (text) => text.trim().replace(",", ".");
  function shown(sum) {
    const whole = String(sum / 100n).replace(/\B(?=(\d{3})+$)/g, russian ? "\u00a0" : ",");
    return `${whole}${russian ? "," : "."}${String(sum % 100n).padStart(2, "0")}\u00a0₽`;
  }

  // --- the lines of the receipt -------------------------------------------------------------------------------------

  function add(item) {
    const part = by("item").content.cloneNode(true).firstElementChild;
    lines += 1;
    part.setAttribute("aria-label", `${told.words.line} ${lines}`);
    part.extra = { ...(item ?? {}) };
    for (const name of ["name", "price", "quantity", "vat"]) if (item?.[name] !== undefined) part.querySelector(`[name=${name}]`).value = item[name];
    part.querySelector(".remove").addEventListener("click", () => {
      part.remove();
      if (items.children.length === 0) add();
      count();
      by("add").focus();
    });
    items.append(part);
    return part;
  }

  const value = (part, name) => part.querySelector(`[name=${name}]`).value;
  const rows = () => [...items.children].filter((part) => value(part, "name").trim() !== "" || value(part, "price").trim() !== "");

  function cost(part) {
    const price = kopecks(value(part, "price"));
    const amount = scaled(value(part, "quantity"), 6);
    return price === null || amount === null ? null : (price * amount + 500_000n) / 1_000_000n;
  }

  const sum = () => rows().reduce((all, part) => all + (cost(part) ?? 0n), 0n);
  const paid = () => document.querySelector("[name=pay]:checked").value;
  const place = () => told.places.find((one) => one.kkm_id === by("place").value);

  function count() {
    const total = sum();
    by("total").textContent = shown(total);
    const given = kopecks(by("given").value);
    by("change").textContent = given !== null && given >= total && total > 0n ? `${told.words.change}: ${shown(given - total)}` : "";
    by("given-field").hidden = told.original !== null || paid() !== "cash";
    by("card-hint").textContent = place()?.terminal ? by("card-hint").dataset.with : by("card-hint").dataset.without;
  }

  // --- what is asked for --------------------------------------------------------------------------------------------

  class Wrong extends Error {}

  function wanted() {
    const chosen = rows();
    if (chosen.length === 0) throw new Wrong(told.words.fill);
    for (const part of chosen) {
      for (const name of ["name", "price", "quantity"]) part.querySelector(`[name=${name}]`).removeAttribute("aria-invalid");
      if (value(part, "name").trim() === "" || cost(part) === null) {
        part.querySelector(value(part, "name").trim() === "" ? "[name=name]" : "[name=price]").setAttribute("aria-invalid", "true");
        throw new Wrong(told.words.fill);
      }
    }
    const total = sum();
    const card = paid() === "card";
    const given = kopecks(by("given").value);
    if (!card && told.original === null && given !== null && given < total) throw new Wrong(told.words.short);
    const before = told.original?.payload;
    const payload = {
      ...(before ?? {}),
      type: before?.type ?? "sell",
      taxation: by("taxation").value,
      cashier: { name: by("cashier").value.trim() },
      items: chosen.map((part) => ({
        ...part.extra,
        name: value(part, "name").trim(), price: roubles(kopecks(value(part, "price"))), quantity: quantity(value(part, "quantity")), vat: value(part, "vat"),
      })),
      payments: payments(before, total, card, given),
    };
    for (const item of payload.items) delete item.sum;
    if (payload.cashier.name === "") delete payload.cashier;
    if (by("contact").value.trim() !== "") payload.buyer = { ...(before?.buyer ?? {}), contact: by("contact").value.trim() };
    const charged = card && place().terminal;
    if (!charged || (payload.cards ?? []).length !== payload.payments.filter((one) => one.type === "card").length) delete payload.cards;
    const kind = !charged ? "receipt" : before ? "sale_refund" : "sale";
    const body = { kkm_id: place().kkm_id, kind, payload, start_within_s: 300 };
    const order = by("order").value.trim();
    if (order !== "") body.order_ref = order;
    return body;
  }

  function payments(before, total, card, given) {
    const whole = before?.payments?.reduce((all, one) => all + (kopecks(one.amount) ?? 0n), 0n);
    const kinds = new Set(before?.payments?.map((one) => one.type));
    if (kinds.size > 1 && whole === total) return before.payments;
    return [{ type: card ? "card" : "cash", amount: roubles(card || given === null ? total : given) }];
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  function fresh() {
    const part = crypto.getRandomValues(new Uint32Array(2));
    return `hand-${new Date().toISOString().slice(0, 10)}-${part[0].toString(36)}${part[1].toString(36)}`;
  }

  async function post(body) {
    const job = { job_id: fresh(), ...body };
    sessionStorage.setItem(KEPT, JSON.stringify(job));
    return deliver(job);
  }

  async function deliver(job) {
    busy(true);
    for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
      let answer;
      try {
        answer = await fetch("/api/v1/jobs", {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-CSRF-Token": token, "Accept-Language": document.documentElement.lang },
          body: JSON.stringify(job),
        });
      } catch {
        answer = null;
      }
      if (answer !== null && answer.status < 500) {
        sessionStorage.removeItem(KEPT);
        busy(false);
        if (answer.ok) return follow(await answer.json());
        return refuse(answer.status, await answer.json());
      }
      say("wait", told.words.no_answer);
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  function busy(is) {
    for (const button of page.querySelectorAll("#send, [data-kind]")) button.disabled = is;
  }

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, said] of Object.entries(attributes)) made.setAttribute(key, said);
    made.append(...children);
    return made;
  }

  function say(colour, ...parts) {
    by("refusal").replaceChildren(element("div", { class: `box ${colour}`, role: "alert" }, ...parts.map((part) => (typeof part === "string" ? element("p", {}, part) : part))));
  }

  function refuse(status, problem) {
    if (status === 401) return say("bad", told.words.signed_out);
    const errors = (problem.errors ?? []).slice(0, 10).map((one) => element("li", { translate: "no" }, one.text));
    const parts = [problem.title, problem.advice, element("ul", {}, ...errors)];
    if (problem.params?.job_id) parts.push(element("p", {}, element("a", { href: `${told.home}/jobs/${encodeURIComponent(problem.params.job_id)}` }, told.words.again)));
    say("bad", ...parts);
  }

  // --- progress -----------------------------------------------------------------------------------------------------

  const COLOURS = { done: "good", not_done: "bad", rejected: "bad", human: "bad", held: "wait", resolving: "wait", started: "wait" };
  const ENDS = ["done", "not_done", "cancelled", "rejected"];

  function follow(job) {
    by("refusal").replaceChildren();
    following = job.job_id;
    draw(job);
    by("progress").scrollIntoView({ block: "nearest" });
  }

  async function look() {
    if (following === null) return;
    const asked = following;
    try {
      const answer = await fetch(`/api/v1/jobs/${encodeURIComponent(asked)}`, { headers: { "Accept-Language": document.documentElement.lang } });
      if (answer.status === 401) return location.reload();
      if (answer.ok && asked === following) draw(await answer.json());
    } catch {
      // asked again soon
    }
  }

  function draw(job) {
    const link = `${told.home}/jobs/${encodeURIComponent(job.job_id)}`;
    const parts = [element("p", {}, element("span", { class: `badge ${COLOURS[job.state] ?? ""}`, "data-state": job.state }, told.words[job.state] ?? job.state), " ", element("a", { href: link }, told.words.open))];
    const why = job.waits ?? (job.state === "done" ? null : (job.reason ?? job.progress));
    if (why !== null) parts.push(element("div", { class: `box ${job.state === "not_done" || job.state === "human" ? "bad" : "calm"}` }, element("p", {}, why.text), element("p", {}, why.advice ?? "")));
    if (job.waits !== null || job.state === "human") parts.push(element("p", {}, element("a", { class: "button", href: `${told.home}/decisions/${encodeURIComponent(job.job_id)}` }, told.words.ask)));
    if (job.progress?.of && !ENDS.includes(job.state)) parts.push(element("progress", { max: job.progress.of, value: job.progress.done ?? 0, "aria-label": told.words[job.state] }));
    if (job.steps.length > 0) {
      const list = job.steps.map((step) => element("li", { class: COLOURS[step.state] ?? "" }, `${told.steps[step.step] ?? step.step}: ${told.words[step.state] ?? step.state}${step.amount ? ` · ${shown(kopecks(step.amount) ?? 0n)}` : ""}`));
      parts.push(element("ol", { class: "line-of-time" }, ...list));
    }
    if (job.proof?.change) parts.push(element("p", { class: "big" }, `${told.words.change}: ${shown(kopecks(job.proof.change) ?? 0n)}`));
    if (job.document !== null && job.document !== undefined) parts.push(element("img", { class: "receipt", src: `/api/v1/jobs/${encodeURIComponent(job.job_id)}/receipt.svg`, alt: `${told.words.picture}, ${job.document.fd}` }));
    else if (job.result) parts.push(element("pre", { translate: "no", tabindex: "0" }, JSON.stringify(job.result, null, 1)));
    by("now").replaceChildren(...parts);
    if (ENDS.includes(job.state)) {
      following = null;
      if (job.state === "done" && (job.kind === "receipt" || job.kind === "sale") && told.original === null) clear();
    }
  }

  function clear() {
    items.replaceChildren();
    add();
    for (const id of ["given", "order", "contact", "cash"]) if (by(id) !== null) by(id).value = "";
    count();
  }

  // --- the page -----------------------------------------------------------------------------------------------------

  if (told.original === null) add();
  else {
    for (const item of told.original.payload.items ?? []) add(item);
    by("place").value = told.original.kkm_id;
    by("taxation").value = told.original.payload.taxation ?? "osn";
    by("contact").value = told.original.payload.buyer?.contact ?? "";
    by("order").value = told.original.order_ref ?? "";
    by(told.original.payload.payments?.[0]?.type === "card" ? "pay-card" : "pay-cash").checked = true;
  }
  page.addEventListener("input", count);
  page.addEventListener("change", count);
  by("add").addEventListener("click", () => add().querySelector("input").focus());
  by("receipt").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      post(wanted());
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      say("bad", error.message);
      page.querySelector("[aria-invalid]")?.focus();
    }
  });
  for (const button of page.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => {
      if (button.dataset.sure !== undefined && !confirm(button.dataset.sure)) return;
      const payload = {};
      const name = by("cashier").value.trim();
      if (name !== "" && button.dataset.kind !== "x_report") payload.cashier = { name };
      if (button.dataset.kind.startsWith("cash_")) {
        const amount = kopecks(by("cash").value);
        if (amount === null || amount === 0n) return by("cash").focus();
        payload.amount = roubles(amount);
      }
      post({ kkm_id: place().kkm_id, kind: button.dataset.kind, payload, start_within_s: 300 });
    });
  }
  count();
  setInterval(look, 1500);
  const events = document.querySelector("meta[name=kb-events]");
  const stream = new EventSource(`/api/v1/events?after=${events.dataset.heard}`);
  for (const type of events.content.split(" ")) if (type.startsWith("job.")) stream.addEventListener(type, look);
  addEventListener("pagehide", () => stream.close());
  const kept = sessionStorage.getItem(KEPT);
  if (kept !== null) deliver(JSON.parse(kept));
}
