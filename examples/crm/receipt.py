import os, sys, time, httpx

crm = httpx.Client(base_url=os.environ["KASSABRIDGE_URL"] + "/api/v1", timeout=15,
                   headers={"Authorization": "Bearer " + os.environ["KASSABRIDGE_KEY"]})
job = {"job_id": sys.argv[1], "kkm_id": sys.argv[2], "kind": "receipt", "order_ref": sys.argv[1], "payload": {
    "type": "sell", "taxation": "osn", "cashier": {"name": "Иванова М."}, "payments": [{"type": "cash", "amount": "5000.00"}],
    "items": [{"name": "Замена дисплея", "price": "4500.00", "quantity": "1", "vat": "vat22", "payment_object": "service"}]}}

def ask(method, path, body=None):
    for pause in (1, 2, 5, 15, 60, 300):  # no answer is no failure: the same request again, with the same job_id
        try:
            answer = crm.request(method, path, json=body)
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(pause)
    sys.exit("no answer: ask again later, with the same job_id")

posted = ask("POST", "/jobs", job)
if posted.status_code != 202:
    sys.exit(posted.text)  # refused: nothing was printed; "code" says why, "errors" name the fields
while (now := ask("GET", "/jobs/" + job["job_id"]).json())["state"] not in ("done", "not_done", "cancelled", "rejected"):
    time.sleep(1)  # "human": somebody has to look (docs/crm.md); never post it again under another job_id
print(now["state"], now["proof"]["qr"] if now["state"] == "done" else now["reason"]["code"])
