"""The demo from its first line to its last, and what it shows."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.console import answer, show, tell
from agent.demo.folder import OUTPUT, check_installed, clean, examples
from agent.demo.processes import sigterm_as_interrupt
from agent.demo.sales import Sold, sell
from agent.demo.sales import picture_name as picture_of_sale
from agent.demo.stage import REGISTERS, Made, Stage, picture_name, plays

_RATES = {
    "none": "без НДС", "vat0": "0%", "vat5": "5%", "vat7": "7%", "vat10": "10%", "vat20": "20%", "vat22": "22%",
    "vat105": "5/105", "vat107": "7/107", "vat110": "10/110", "vat120": "20/120", "vat122": "22/122",
}  # fmt: skip
_LAYOUT = "{:>2}  {:<27} {:<7} {:<4} {:<9} {:>4}  {:<10} {:>9}  {:<29} {:>5}"

_SOLD = "{:>2}  {:<63} {:<9} {:>9}  ФД {:<4} {:>6}"


def run_demo(*, keep: bool = False, as_json: bool = False, output: Path = OUTPUT) -> int:
    """0 only when every receipt is done with its proof, and every sale has ended as it must."""
    say = tell if as_json else show
    check_installed()
    played = plays(examples())
    sales = examples("sales")
    pictures = [picture_name(register, path) for register, path in played]
    clean(output, [*pictures, *map(picture_of_sale, sales)])
    with sigterm_as_interrupt(), Stage(output, say) as stage:
        stage.start()
        if not as_json:
            _head(say)
        made: list[Made] = []
        for register, path in played:
            made.append(stage.receipt(register, path))
            if not as_json:
                _row(say, len(made), made[-1])
        if not as_json:
            _sales_head(say)
        sold: list[Sold] = []
        for path in sales:
            sold.append(sell(stage, path))
            if not as_json:
                _sale(say, len(sold), sold[-1])
        ok = all(one.good for one in made) and all(one.good for one in sold)
        if as_json:
            answer(_document(ok, made, sold, stage, output, keep))
        else:
            _total(say, made, sold, output)
        if keep:
            _keep(stage, output, say)
    return 0 if ok else 1


def _head(say: Callable[[str], None]) -> None:
    say("")
    say(_LAYOUT.format("№", "Чек", "Касса", "ФФД", "Состояние", "ФД", "ФП", "Итог", "НДС", "сек"))
    say(_LAYOUT.format("", "Receipt", "", "", "state", "FD", "sign", "total", "VAT", "s"))
    say("-" * 116)


def _row(say: Callable[[str], None], number: int, made: Made) -> None:
    vat = ", ".join(f"{_RATES.get(rate, rate)}: {amount}" for rate, amount in (made.vat or {}).items())
    name = re.sub(r"^\d+-", "", made.name)
    say(
        _LAYOUT.format(
            number, name[:27], made.register, made.ffd, made.state, made.fd or "—", made.fpd or "—", made.total or "—",
            vat or "—", f"{made.seconds:.2f}",
        )
    )  # fmt: skip
    if made.reason and not made.good:
        say(f"    {made.reason.get('text')} {made.reason.get('advice')} [{made.reason.get('code')}]")


def _total(say: Callable[[str], None], made: list[Made], sold: list[Sold], output: Path) -> None:
    good, as_told = sum(one.good for one in made), sum(one.good for one in sold)
    say("-" * 116)
    say(f"Продажи кончились так, как должны: {as_told} из {len(sold)}")
    say(f"Sales that ended as they must: {as_told} of {len(sold)}")
    say(f"Готово с доказательством: {good} из {len(made)}. Картинки чеков: {output}")
    say(f"Done with proof: {good} of {len(made)}. Pictures of the receipts: {output}")


def _sales_head(say: Callable[[str], None]) -> None:
    say("")
    say("Продажи по карте: оплата на терминале и чек одним заданием")
    say("Sales by card: the payment at the terminal and the receipt as one job")
    say("-" * 116)


def _sale(say: Callable[[str], None], number: int, sold: Sold) -> None:
    mark = "" if sold.good else "  НЕ ТАК / WRONG"
    say(_SOLD.format(number, sold.shows, sold.state, sold.charged or "—", sold.fd or "—", f"{sold.seconds:.2f}") + mark)
    why = f" [{sold.reason['code']}]" if sold.reason else ""
    say(f"    {', '.join(sold.steps)}{why}")


def _document(ok: bool, made: list[Made], sold: list[Sold], stage: Stage, output: Path, keep: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"ok": ok, "receipts": [asdict(one) for one in made]}
    document |= {"sales": [asdict(one) for one in sold], "output": str(output)}
    if keep:
        document |= {
            "server_url": stage.server_url,
            "api_key": stage.api_key,
            "registers": stage.addresses,
            "kkm_id": REGISTERS[0].kkm_id,
        }
    return document


def _keep(stage: Stage, output: Path, say: Callable[[str], None]) -> None:
    """Leave the processes to the reader until Ctrl+C."""
    mine = {"job_id": "mine-1", "kkm_id": REGISTERS[0].kkm_id, "order_ref": "mine-1"}
    job = json.loads(examples()[0].read_text("utf-8")) | mine
    path = output / "run" / "job.json"
    path.write_text(json.dumps(job, ensure_ascii=False, indent=2), "utf-8")
    url = f"{stage.server_url}/api/v1/jobs"
    say("")
    say(f"API:        {stage.server_url}/api/v1   ({stage.server_url}/api/v1/openapi.json)")
    say(f"API key:    {stage.api_key}")
    for kkm_id, address in stage.addresses.items():
        say(f"Касса:      {address}   KKM_ID {kkm_id}   (register)")
    say(f"Журналы:    {output / 'run'}   (logs)")
    say(
        f'curl -s {url} -H "Authorization: Bearer {stage.api_key}" -H "Content-Type: application/json" '
        f"--data-binary @{path}"
    )
    say(f'curl -s {url}/mine-1 -H "Authorization: Bearer {stage.api_key}"')
    say(f'curl -s {url}/mine-1/receipt.svg -H "Authorization: Bearer {stage.api_key}"')
    say("Остановить: Ctrl+C / Stop: Ctrl+C")
    with contextlib.suppress(KeyboardInterrupt):
        while all(child.process.poll() in (None, 0) for child in stage.children):
            time.sleep(0.5)
