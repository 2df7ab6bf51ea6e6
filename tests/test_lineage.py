"""What a stage was made from, by content."""

from pathlib import Path

from rl_explain.lineage import digest


def test_a_digest_reads_results_by_content_and_no_protocols(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(b"one")
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "metrics.json").write_text("{}")
    first = digest(tmp_path)
    (tmp_path / "README.md").write_text("other words")
    (tmp_path / "metrics.json").write_text('{"seconds": 1}')
    assert digest(tmp_path) == first
    (tmp_path / "adapter_model.safetensors").write_bytes(b"two")
    assert digest(tmp_path) != first
