"""The lane's log: why a device is not ready is said once, and again when it has been ready in between."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from protocol.crm.job_machine import Known
from tests.agent.devices.bench import bench


def test_a_job_that_waits_long_for_paper_is_one_line_of_the_log(tmp_path: Path) -> None:
    """The soak showed a line every five seconds, for as long as nobody brought a new roll."""
    with bench(tmp_path) as b, capture_logs() as lines:
        for job_id in ("j1", "j2"):
            b.device.take_paper()
            b.offer(job_id)
            for _ in range(20):
                b.wait(min(b.round(), 5.0))
            assert b.job(job_id).state is Known.ACCEPTED
            b.device.load_paper()
            assert b.run(job_id).state is Known.DONE
    said = [line["job_id"] for line in lines if line["event"] == "device_not_ready"]
    assert said == ["j1", "j2"]
