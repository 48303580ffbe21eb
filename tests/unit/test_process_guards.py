import os
import subprocess
import sys
from pathlib import Path

from warehouse.process_guards import close_to_others


def test_a_guarded_process_and_its_children_write_for_their_own_user_only(tmp_path: Path) -> None:
    program = (
        "import os, subprocess; from pathlib import Path;"
        "from warehouse.process_guards import guard_process; guard_process();"
        "Path('own').mkdir(); Path('own.txt').touch();"
        "subprocess.run(['touch', 'child.txt'], check=True)"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environ, umask=0o022, check=True
    )
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"own": 0o700, "own.txt": 0o600, "child.txt": 0o600}


def test_what_an_earlier_version_left_open_is_closed_once(tmp_path: Path) -> None:
    folder, file = tmp_path / "warehouse", tmp_path / "settings.env"
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask of the process is
    file.touch()
    file.chmod(0o644)
    kept = [folder, file, tmp_path / "not there"]
    assert close_to_others(kept) == [folder, file]
    assert close_to_others(kept) == []
    assert [path.stat().st_mode & 0o777 for path in (folder, file)] == [0o700, 0o600]
