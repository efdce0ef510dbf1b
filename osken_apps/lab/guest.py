"""The kernel and the root file system that real VMs boot.

Owns the cache of both. The kernel is Debian's or Ubuntu's for VMs, fetched as packages and unpacked, never
installed; the root file system is busybox and the few modules that a virtio network card needs. Changes
nothing outside the cache directory.
"""

import fcntl
import gzip
import hashlib
import lzma
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from osken_apps.lab import guest_scripts
from osken_apps.lab.shell import PATH, LabError, run

#: What depends on the newest kernel for VMs, by Debian's name and by Ubuntu's.
PACKAGES = ("linux-image-cloud-amd64", "linux-image-virtual")
WANTED_MODULES = ("virtio_pci", "virtio_net")
DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")
DOWNLOAD_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Guest:
    """What a VM boots."""

    kernel: Path
    initramfs: Path


def default_cache_dir() -> Path:
    """Give the user's cache directory for guests (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "osken-net" / "guest"


def guest(cache: Path | None = None) -> Guest:
    """Give the guest, from the cache or made for it.

    Raises LabError when there is no kernel to be had.
    """
    cache = cache or default_cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kernel = _cached_kernel(cache) or _fill(cache)
        return Guest(kernel / "vmlinuz", _initramfs(kernel))


def _cached_kernel(cache: Path) -> Path | None:
    """Give the directory of the kernel in the cache; it holds `vmlinuz` and `modules`."""
    found = sorted(path.parent for path in cache.glob("kernel-*/vmlinuz"))
    return found[-1] if found else None


def _fill(cache: Path) -> Path:
    """Put a kernel into the cache: the package's, or where none can be had the machine's own."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        try:
            tree = _download(Path(scratch))
        except LabError as error:
            tree = Path("/")
            if newest_release(tree) is None:
                raise LabError(f"no kernel for real VMs: {error}; 'apt-get update' may help") from error
        release = newest_release(tree)
        if release is None:
            raise LabError(f"no kernel for real VMs in what {' or '.join(PACKAGES)} depends on")
        return copy_kernel(tree, release, Path(scratch) / "kernel", cache / f"kernel-{release}")


def _download(scratch: Path) -> Path:
    """Fetch and unpack a kernel's packages; give the tree."""
    scratch.chmod(0o755)
    fetch = f"cd {scratch} && exec apt-get -q download {' '.join(kernel_packages())}"
    run(["sh", "-c", fetch], timeout_s=DOWNLOAD_TIMEOUT_S)
    tree = scratch / "tree"
    for package in scratch.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(tree)], timeout_s=DOWNLOAD_TIMEOUT_S)
    return tree


def kernel_packages() -> list[str]:
    """Name the packages of the newest kernel for VMs that apt knows; Ubuntu has the modules in a second."""
    images = _depends(PACKAGES, "linux-image")
    if not images:
        raise LabError(f"apt knows no package that {' or '.join(PACKAGES)} depends on")
    return [images[0], *_depends(images[:1], "linux-modules")]


def _depends(packages: Sequence[str], kind: str) -> list[str]:
    """Give what those of the packages that apt knows depend on, as far as the names begin with `kind`."""
    shown = run(["apt-cache", "depends", "--important", *packages]).stdout
    return re.findall(rf"Depends: ({kind}-\S+)", shown)


def newest_release(tree: Path) -> str | None:
    """Give the newest release whose kernel and modules are both in a tree, a cloud kernel first."""
    found = [path.name.removeprefix("vmlinuz-") for path in (tree / "boot").glob("vmlinuz-*")]
    whole = sorted((name for name in found if _modules(tree, name).is_dir()), reverse=True)
    return min(whole, key=lambda name: "cloud" not in name) if whole else None


def _modules(tree: Path, release: str) -> Path:
    """Give where a tree has the modules of a release: since Debian 13, packages have them in /usr."""
    in_usr = tree / "usr/lib/modules" / release
    return in_usr if in_usr.is_dir() else tree / "lib/modules" / release


def copy_kernel(tree: Path, release: str, fresh: Path, destination: Path) -> Path:
    """Put the kernel, the modules it takes and the order to load them in at `destination`."""
    modules = fresh / "modules"
    modules.mkdir(parents=True)
    order = [f"{name}.ko" for name in _load_modules(_modules(tree, release), modules)]
    (modules / "order").write_text("".join(f"{name}\n" for name in order))
    shutil.copy(tree / "boot" / f"vmlinuz-{release}", fresh / "vmlinuz")
    shutil.rmtree(destination, ignore_errors=True)
    fresh.rename(destination)
    return destination


def _load_modules(source: Path, destination: Path) -> list[str]:
    """Copy the wanted modules and what they depend on; return the copied names, dependencies first.

    What is built into the kernel has no file.
    """
    built_in = {_module_name(line) for line in (source / "modules.builtin").read_text().splitlines()}
    files = {_module_name(path.name): path for path in source.rglob("*.ko*")}
    order: list[str] = []

    def add(name: str) -> None:
        if name in order or name in built_in:
            return
        if name not in files:
            raise LabError(f"the kernel of {source.name} has no module {name}")
        content = _module(files[name])
        for needed in module_dependencies(content):
            add(needed)
        (destination / f"{name}.ko").write_bytes(content)
        order.append(name)

    for name in WANTED_MODULES:
        add(name)
    return order


def _module_name(path: str) -> str:
    """Give the name of the module that is in a file."""
    return path.rpartition("/")[2].split(".")[0].replace("-", "_")


def _module(path: Path) -> bytes:
    """Give a module's content, which some Debian releases compress."""
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def module_dependencies(content: bytes) -> list[str]:
    """Give the names of the modules that a module says it depends on (its .modinfo section)."""
    found = DEPENDS.search(content)
    return [name.replace("-", "_") for name in found[1].decode().split(",") if name] if found else []


def _initramfs(kernel: Path) -> Path:
    """Give the root file system for a kernel, made anew when busybox or a script has changed."""
    busybox = shutil.which("busybox", path=PATH)
    if busybox is None:
        raise LabError("busybox is not installed (Debian package busybox-static)")
    files = {"init": guest_scripts.INIT, "console": guest_scripts.CONSOLE, "lease": guest_scripts.LEASE}
    content = repr(sorted(files.items())).encode() + Path(busybox).read_bytes()
    path = kernel / f"initramfs-{hashlib.sha256(content).hexdigest()[:16]}.gz"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=kernel) as scratch:
            image = _pack(Path(scratch), kernel / "modules", Path(busybox), files)
            image.rename(path)
    return path


def _pack(scratch: Path, modules: Path, busybox: Path, files: dict[str, str]) -> Path:
    """Lay the file system out and pack it as the kernel wants it: a compressed cpio archive, format newc."""
    root = scratch / "root"
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "dev", "proc", "sys", "run", "etc", "root", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(modules, root / "modules")
    shutil.copy(busybox, root / "bin/busybox")
    for name, text in files.items():
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    names = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
    archive = [
        "cpio",
        "--quiet",
        "-o",
        "-H",
        "newc",
        "-R",
        "0:0",
        "-D",
        str(root),
        "-O",
        str(scratch / "cpio"),
    ]
    run(archive, stdin=names)
    image = scratch / "cpio.gz"
    image.write_bytes(gzip.compress((scratch / "cpio").read_bytes(), compresslevel=1))
    return image
