"""What a person gets who installs the wheel: everything, wherever they stand."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from schema_sensei import __version__

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(CHECKOUT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of a new environment with the wheel; its dependencies are those of this test run."""
    place = tmp_path_factory.mktemp("environment") / "a folder with blanks"
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    added = subprocess.run([*command, str(wheel)], capture_output=True, text=True, check=False)
    assert added.returncode == 0, added.stderr
    (packages,) = place.glob("lib/python*/site-packages")
    # A path from a .pth file is searched, but .pth files in it are not read: the checkout stays out of sight.
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return place / "bin"


def _sensei(installed: Path, *arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(installed / "sensei"), *arguments],
        cwd=where,
        env=environ | {"HOME": str(where)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_command_is_the_wheel_s_own(installed: Path, tmp_path: Path) -> None:
    program = "import schema_sensei; print(schema_sensei.__file__)"
    found = subprocess.run(
        [str(installed / "python"), "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).is_relative_to(installed.parent)
    assert _sensei(installed, "--version", where=tmp_path).stdout == f"sensei {__version__}\n"


def test_bundled_workflows_are_found_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    linted = _sensei(installed, "lint", where=tmp_path)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    written = _sensei(installed, "docs", "guide", where=tmp_path)
    assert written.returncode == 0, written.stdout + written.stderr
    assert any("new-table" in page.name for page in (tmp_path / "guide").rglob("*.md"))


def test_bundled_workflows_are_found_from_the_checkout(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "schema_sensei", "lint"]
    linted = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_wheel_holds_every_file_that_is_not_code(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = CHECKOUT / "src"
    tracked = subprocess.run(
        ["git", "ls-files", "src", "workflows"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    wanted = {
        str((CHECKOUT / name).relative_to(source)) if name.startswith("src/") else f"schema_sensei/{name}"
        for name in tracked.stdout.splitlines()
        if (CHECKOUT / name).is_file()
    }
    assert wanted <= inside
    assert "schema_sensei/practice/template/dashboard/models/assessments.py" in wanted
    assert not [name for name in inside if "__pycache__" in name or name.endswith((".env", ".log"))]


def test_the_installed_practice_project_is_complete(installed: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from schema_sensei.practice import files; "
        "print(files.lay_out(Path(sys.argv[1])))"
    )
    made = subprocess.run(
        [str(installed / "python"), "-c", program, str(tmp_path / "p")], capture_output=True, text=True, check=False
    )
    assert made.stdout == "()\n", made.stderr
    assert (tmp_path / "p" / "migrations" / "script.py.mako").is_file()
    assert not list((tmp_path / "p").rglob("__pycache__"))


def _needed(*start: str) -> set[str]:
    """The names of everything that the distribution `start[0]` with the extra `start[1]` installs here."""
    found: set[str] = set()
    todo = [start]
    seen: set[tuple[str, ...]] = set()
    while todo:
        name, *extras = todo.pop()
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                key = (canonicalize_name(requirement.name), *sorted(requirement.extras))
                if key not in seen:
                    seen.add(key)
                    todo.append(key)
                    found.add(key[0])
    return found - {start[0]}


def test_every_version_is_pinned_for_everybody_and_no_address_is_named() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in lines)
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines}
    assert _needed("schema-sensei", "dev") <= pinned, "pip may choose any version of what is not pinned"
