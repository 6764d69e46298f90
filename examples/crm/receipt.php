<?php
$job = ["job_id" => $argv[1], "kkm_id" => $argv[2], "kind" => "receipt", "order_ref" => $argv[1], "payload" => [
    "type" => "sell", "taxation" => "osn", "cashier" => ["name" => "Иванова М."], "payments" => [["type" => "cash", "amount" => "5000.00"]],
    "items" => [["name" => "Замена дисплея", "price" => "4500.00", "quantity" => "1", "vat" => "vat22", "payment_object" => "service"]]]];

function ask(string $method, string $path, ?array $body = null): array {
    foreach ([1, 2, 5, 15, 60, 300] as $pause) {  // no answer is no failure: the same request again, with the same job_id
        $call = curl_init(getenv("KASSABRIDGE_URL") . "/api/v1" . $path);
        curl_setopt_array($call, [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 15,
            CURLOPT_HTTPHEADER => ["Authorization: Bearer " . getenv("KASSABRIDGE_KEY"), "Content-Type: application/json"]]
            + ($body === null ? [] : [CURLOPT_POSTFIELDS => json_encode($body, JSON_UNESCAPED_UNICODE)]));
        $text = curl_exec($call);
        $status = curl_getinfo($call, CURLINFO_RESPONSE_CODE);
        if ($text !== false && $status < 500 && $status !== 429) return [$status, $text];
        sleep($pause);
    }
    exit("no answer: ask again later, with the same job_id\n");
}

[$status, $text] = ask("POST", "/jobs", $job);
if ($status !== 202) exit("$text\n");  // refused: nothing was printed; "code" says why, "errors" name the fields
do {  // "human": somebody has to look (docs/crm.md); never post it again under another job_id
    $now = json_decode(ask("GET", "/jobs/" . $argv[1])[1], true);
} while (!in_array($now["state"], ["done", "not_done", "cancelled", "rejected"]) && sleep(1) === 0);
echo $now["state"], " ", $now["state"] === "done" ? $now["proof"]["qr"] : $now["reason"]["code"], "\n";
