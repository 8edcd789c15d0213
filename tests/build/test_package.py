"""The sdist and the wheel: what is in them, and that a wheel works where nothing can be compiled.

Everything happens in copies; nothing is downloaded: the builds use this environment's setuptools
and cffi, the installed wheel this environment's cffi and pyelftools.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from tests.conftest import environment_skip, missing_capabilities

pytestmark = pytest.mark.timeout(300)  # each of the two builds compiles everything

ROOT = Path(__file__).parent.parent.parent
MADE = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info",
    "*.so", "programs", "include",
)  # fmt: skip


def run(*command: str | Path, cwd: Path, path: str | None = None) -> str:
    """Run a command that must succeed; its output is the failure's message if it doesn't."""
    # The environment of the tests must not reach the copies: pip, build and Python look there.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "LIBBPF_ITER"))
    }
    if path is not None:
        environment["PATH"] = path
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is versioned, or would be: the checkout's build products stay behind."""
    copy = tmp_path_factory.mktemp("checkout") / "libbpf_iter"
    if not (ROOT / ".git").exists() or shutil.which("git") is None:  # an unpacked sdist, mostly
        shutil.copytree(ROOT, copy, ignore=MADE)
        # "build" is also the name of this test's folder.
        ours = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(__file__).parent, copy / "tests/build", ignore=ours)
        return copy
    listed = run(
        "git", "-c", f"safe.directory={ROOT}", "ls-files", "-z",
        "--cached", "--others", "--exclude-standard",
        cwd=ROOT,
    )  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # a file may be deleted and not yet committed so
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def compilers() -> None:
    """A build compiles: everything it takes must be here."""
    for tool in ("clang", "gcc", "pkg-config"):
        if shutil.which(tool) is None:
            environment_skip(f"building the package takes {tool}")
    for module in ("build", "cffi", "setuptools"):
        if importlib.util.find_spec(module) is None:
            environment_skip(f"building the package takes Python's {module}")


@pytest.fixture(scope="session")
def sdist(sources: Path, compilers: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree") / "libbpf_iter"
    shutil.copytree(sources, tree)  # setuptools leaves its traces where it builds
    return build(tree, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist's one folder."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        # Debian 12's 3.11.2 has no extractall(filter=), and 3.12 warns where there is no filter.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    (only,) = folder.iterdir()
    return only


@pytest.fixture(scope="session")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the unpacked sdist builds: what ``python -m build`` does."""
    return build(unpacked, "wheel", tmp_path_factory.mktemp("wheel"))


def build(tree: Path, what: str, destination: Path) -> Path:
    run(
        sys.executable, "-m", "build", "--no-isolation", f"--{what}", "--outdir", destination,
        cwd=tree,
    )  # fmt: skip
    (made,) = destination.iterdir()
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that holds the wheel, cffi and pyelftools."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for module in ("cffi", "_cffi_backend", "pycparser", "elftools"):
        link(module, site)
    return folder / "bin" / "python"


def link(module: str, site: Path) -> None:
    """Lend one installed module to another environment, and nothing else of this one."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        environment_skip(f"{module} is not installed")
    origin = Path(spec.origin)
    origin = origin.parent if spec.submodule_search_locations else origin
    (site / origin.name).symlink_to(origin)


def versioned(tree: Path, pattern: str) -> set[str]:
    found = {str(path.relative_to(tree)) for path in tree.glob(pattern) if path.is_file()}
    assert found, f"nothing of {pattern} in {tree}"
    return found


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def metadata(wheel: Path, name: str) -> Message:
    (path,) = (n for n in names(wheel) if n.endswith(f".dist-info/{name}"))
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(path).decode())


class TestSdist:
    def test_holds_what_is_versioned(self, sources: Path, unpacked: Path) -> None:
        # Everything it takes to build, to test and to change the package.
        assert versioned(sources, "**/*") <= versioned(unpacked, "**/*")

    def test_holds_nothing_compiled(self, unpacked: Path) -> None:
        suffixes = {path.suffix for path in unpacked.rglob("*")}
        assert not suffixes & {".o", ".so", ".pyc"}


class TestWheel:
    def test_is_for_every_python_from_3_11(self, wheel: Path) -> None:
        tag = metadata(wheel, "WHEEL")["Tag"]
        assert tag.startswith("cp311-abi3-linux_")
        assert metadata(wheel, "WHEEL")["Root-Is-Purelib"] == "false"

    def test_metadata(self, wheel: Path) -> None:
        found = metadata(wheel, "METADATA")
        required = [r for r in found.get_all("Requires-Dist", []) if "extra ==" not in r]
        assert found["Name"] == "libbpf_iter"
        assert found["License-Expression"] == "BSD-2-Clause AND (GPL-2.0-only OR BSD-2-Clause)"
        assert found.get_all("License-File") == ["LICENSE", "LICENSE.GPL-2.0"]
        assert found["Requires-Python"] == ">=3.11"
        assert sorted(required) == ["cffi>=1.16", "pyelftools>=0.29"]

    def test_holds_every_module_and_stub(self, sources: Path, wheel: Path) -> None:
        expected = versioned(sources, "libbpf_iter/**/*.py")
        expected |= {str(p.relative_to(sources)) for p in sources.glob("libbpf_iter/**/*.pyi")}
        assert expected <= names(wheel)
        assert "libbpf_iter/py.typed" in names(wheel)

    def test_holds_the_extensions(self, wheel: Path) -> None:
        found = sorted(name for name in names(wheel) if name.endswith(".so"))
        assert found == [f"libbpf_iter/_{name}.abi3.so" for name in ("arrow", "extension", "records")]

    def test_holds_every_program_compiled(self, sources: Path, wheel: Path) -> None:
        programs = {Path(name).name for name in versioned(sources, "progs/*.bpf.c")}
        expected = {f"libbpf_iter/programs/{name.removesuffix('.c')}.o" for name in programs}
        assert {name for name in names(wheel) if name.endswith(".bpf.o")} == expected

    def test_holds_the_public_header(self, sources: Path, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            header = archive.read("libbpf_iter/include/record.h")
        assert header == (sources / "progs/record.h").read_bytes()

    def test_holds_nothing_else(self, wheel: Path) -> None:
        tops = {name.split("/")[0] for name in names(wheel)}
        assert tops == {"libbpf_iter", "libbpf_iter-0.1.0.dist-info"}
        allowed = {".py", ".pyi", ".typed", ".so", ".o", ".h"}
        package = (name for name in names(wheel) if name.startswith("libbpf_iter/"))
        strays = {name for name in package if Path(name).suffix not in allowed and "py.typed" not in name}
        assert not strays

    def test_names_no_path_of_the_builder(self, unpacked: Path, wheel: Path) -> None:
        # The programs are reproducible byte by byte; the extension at least gives nothing away.
        with zipfile.ZipFile(wheel) as archive:
            for name in names(wheel):
                if name.endswith((".so", ".o")):
                    assert str(unpacked).encode() not in archive.read(name), name


def test_programs_are_reproducible(sources: Path, wheel: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "some" / "other" / "place"
    shutil.copytree(sources, elsewhere)
    run(sys.executable, "-m", "cbuild", "programs", cwd=elsewhere)
    with zipfile.ZipFile(wheel) as archive:
        for made in (elsewhere / "libbpf_iter/programs").glob("*.bpf.o"):
            assert made.read_bytes() == archive.read(f"libbpf_iter/programs/{made.name}")


@pytest.fixture(scope="session")
def bundled(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with its libraries in it."""
    for module in ("auditwheel", "abi3audit"):
        if importlib.util.find_spec(module) is None:
            environment_skip(f"bundling the package takes {module}")
    folder = tmp_path_factory.mktemp("bundled")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run(sys.executable, "-m", "cbuild.bundle", wheel, folder, cwd=ROOT, path=path)
    (made,) = folder.iterdir()
    return made


# Bound over a library, it is one that can't be loaded.
WITHOUT = """
for library in $(ldconfig -p | awk '/lib(bpf|elf)\\.so/ { print $NF }'); do
    mount --bind /dev/null "$library" || exit 99
done
exec "$@"
"""


class TestBundled:
    def test_says_which_systems_it_is_for_and_whose_libraries_it_has(self, bundled: Path) -> None:
        assert "-cp311-abi3-manylinux_2_" in bundled.name
        held = names(bundled)
        for library in ("libbpf", "libelf"):
            assert any(name.startswith(f"libbpf_iter.libs/{library}") for name in held)
            assert any(name.endswith(f"licenses/{library}.txt") for name in held)

    def test_has_the_licences_of_all_that_is_in_it(self, bundled: Path) -> None:
        found = metadata(bundled, "METADATA")
        assert found["License-Expression"] == (
            "BSD-2-Clause AND (GPL-2.0-only OR BSD-2-Clause) AND (LGPL-2.1-only OR BSD-2-Clause)"
            " AND (GPL-2.0-or-later OR LGPL-3.0-or-later)"
        )
        files = {name.partition(".dist-info/licenses/")[2] for name in names(bundled)} - {""}
        assert files == set(found.get_all("License-File", []))
        # Those that Debian's notices only name.
        assert {"LICENSE", "LICENSE.GPL-2.0", "LGPL-2.1.txt", "LGPL-3.txt", "GPL-2.txt", "GPL-3.txt"} <= files

    def test_walks_where_neither_library_is(
        self, bundled: Path, installed: Path, tmp_path: Path, needs_bpf: None
    ) -> None:
        if os.geteuid() != 0:
            environment_skip("hiding a library takes root")
        site = tmp_path / "site"
        with zipfile.ZipFile(bundled) as archive:
            archive.extractall(site)
        for module in ("cffi", "_cffi_backend", "pycparser", "elftools"):
            link(module, site)
        code = "from libbpf_iter import TaskIter; print(next(iter(TaskIter())).tid)"
        hidden = ["unshare", "--mount", "sh", "-c", WITHOUT, "sh"]
        command = [*hidden, "env", f"PYTHONPATH={site}", sys.executable, "-S", "-c", code]
        assert int(run(*command, cwd=tmp_path)) >= 0
        # Where they are hidden from it, the plain wheel says which one it misses.
        done = subprocess.run([*hidden, installed, "-c", code], capture_output=True, text=True, cwd=tmp_path)
        assert "libbpf.so.1" in done.stderr


class TestInstalled:
    """With an empty PATH: no clang, no compiler, no bpftool."""

    def test_says_its_version(self, installed: Path, wheel: Path, tmp_path: Path) -> None:
        printed = run(installed, "-c", "import libbpf_iter; print(libbpf_iter.__version__)", cwd=tmp_path)
        assert printed.strip() == metadata(wheel, "METADATA")["Version"]

    def test_imports(self, installed: Path, tmp_path: Path) -> None:
        code = "import libbpf_iter, libbpf_iter._extension as e; print(e.__file__)"
        printed = run(installed, "-c", code, cwd=tmp_path, path=str(tmp_path))
        assert Path(printed.strip()).is_relative_to(installed.parent.parent)

    def test_walks_the_tasks(self, installed: Path, tmp_path: Path, needs_bpf: None) -> None:
        assert not missing_capabilities()
        code = "from libbpf_iter import TaskIter; print(next(iter(TaskIter())).tid)"
        assert int(run(installed, "-c", code, cwd=tmp_path, path=str(tmp_path))) >= 0
