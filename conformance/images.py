#!/usr/bin/env python3
"""images.py PROGRAMS LAYOUT: makes stand-ins for the images that Kubernetes' node tests run.

They come from Debian's packages and from the programs that build.sh has built, for no registry is asked. PROGRAMS is the
folder of these programs, LAYOUT becomes an OCI layout of all images under the names that the tests use. The same
packages make the same digests. Nothing is installed; gcc, dpkg-deb and apt-get download are needed.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
TESTS = "registry.k8s.io/e2e-test-images/"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What the tests call inside agnhost: bash, curl, dig, nc, ip, ss, iperf, ipcs, getent.
TOOLS = ["bash", "curl", "bind9-dnsutils", "netcat-openbsd", "iproute2", "iperf", "util-linux"]
# What these packages name and no test needs.
UNNEEDED = set(
    """debconf cdebconf base-files debianutils dpkg install-info tar gawk original-awk mawk libmpfr6 libsigsegv2
    readline-common libaudit-common libdebian-installer4 libnewt0.52 libslang2 libtextwrap1 libelogind0 libcap2-bin
    gcc-12-base libpam0g util-linux-extra libudev1 libsasl2-modules-db libtirpc-common libdb5.3 libreadline8""".split())


def say(text):
    print(text, flush=True)


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


class Packages:
    """Debian packages in a folder; what is not there is fetched by apt."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def fetch(self, names):
        missing = [name for name in names if not self.found(name)]
        if missing:
            run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *missing, cwd=self.folder, stdout=subprocess.DEVNULL)

    def found(self, name):
        return sorted(self.folder.glob(f"{name}_*.deb"))

    def unpacked(self, name, into):
        self.fetch([name])
        run("dpkg-deb", "-x", self.found(name)[-1], into)

    @staticmethod
    def needed_by(names):
        listed = run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
                     "--no-replaces", "--no-enhances", *names, stdout=subprocess.PIPE, text=True, env=dict(os.environ, LC_ALL="C")).stdout
        return [line for line in listed.splitlines() if line[:1].isalpha() and line not in UNNEEDED]


class Root:
    """The files of one image, in a folder."""

    def __init__(self, folder, packages):
        self.folder = folder
        self.packages = packages
        for each in ("usr/bin usr/sbin usr/lib usr/lib64 usr/local/bin etc tmp root dev proc sys run home").split():
            (folder / each).mkdir(parents=True)
        for each in ("bin", "sbin", "lib", "lib64"):
            (folder / each).symlink_to("usr/" + each)
        (folder / "tmp").chmod(0o1777)
        self.text("etc/nsswitch.conf", "hosts: files dns\n")
        self.accounts("", "")

    def accounts(self, users, groups):
        self.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n"
                  "nobody:x:65534:65534:nobody:/:/bin/false\n" + users)
        self.text("etc/group", "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n" + groups)

    def text(self, path, text):
        (self.folder / path).write_text(text)

    def file(self, path, source, mode):
        shutil.copyfile(source, self.folder / path)
        (self.folder / path).chmod(mode)

    def link(self, path, target):
        place = self.folder / path
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def install(self, names):
        self.packages.fetch(names)
        for name in names:
            with tempfile.TemporaryDirectory() as place:
                place = pathlib.Path(place)
                self.packages.unpacked(name, place)
                for each in ("bin", "sbin", "lib", "lib64"):  # older packages still have these beside usr
                    if (place / each).is_dir() and not (place / each).is_symlink():
                        (place / "usr" / each).mkdir(parents=True, exist_ok=True)
                        run("cp", "-a", f"{place / each}/.", place / "usr" / each)
                        shutil.rmtree(place / each)
                run("cp", "-a", f"{place}/.", self.folder)
        for each in ("doc", "man", "lintian", "bash-completion", "gdb", "locale", "info", "bug"):
            shutil.rmtree(self.folder / "usr/share" / each, ignore_errors=True)

    def busybox(self, program):
        """All of busybox's commands, but where a real one is there."""
        self.file("usr/bin/busybox", program, 0o755)
        for name in run(program, "--list", stdout=subprocess.PIPE, text=True).stdout.split():
            there = any(os.path.lexists(self.folder / f"usr/{each}/{name}") for each in ("bin", "sbin"))
            if name not in ("busybox", "init", "linuxrc") and not there:
                self.link("usr/bin/" + name, "busybox")

    def copy(self, folder):
        run("cp", "-a", self.folder, folder)
        other = Root.__new__(Root)
        other.folder, other.packages = folder, self.packages
        return other

    def tar(self):
        """Sorted, without times and names of owners: the same files make the same bytes."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(self.folder.rglob("*")):
                info = tar.gettarinfo(path, arcname=str(path.relative_to(self.folder)))
                info.mtime = info.uid = info.gid = 0
                info.uname = info.gname = ""
                if info.isreg():
                    with open(path, "rb") as content:
                        tar.addfile(info, content)
                else:
                    tar.addfile(info)
        return out.getvalue()


class Layout:
    """An OCI layout that is being made."""

    def __init__(self, folder):
        self.folder = folder
        self.manifests = []
        (folder / "blobs/sha256").mkdir(parents=True)

    def blob(self, content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}

    def add(self, root, names, **config):
        say(names[0])
        tar = root.tar()
        layer = self.blob(gzip.compress(tar, compresslevel=6, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")
        document = {"architecture": ARCHITECTURE, "os": "linux", "created": "1970-01-01T00:00:00Z",
                    "config": {"Env": [PATH], **config},
                    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": self.blob(json.dumps(document, sort_keys=True).encode(), "application/vnd.oci.image.config.v1+json"),
                    "layers": [layer]}
        entry = self.blob(json.dumps(manifest, sort_keys=True).encode(), manifest["mediaType"])
        entry["platform"] = {"architecture": ARCHITECTURE, "os": "linux"}
        for name in names:
            self.manifests.append({**entry, "annotations": {"org.opencontainers.image.ref.name": name}})
        return entry

    def finish(self):
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.manifests}))


def registry_of_agnhost(layout, entry, folder):
    """The image pause:testing, as agnhost's fake registry server wants it below /var/registry."""
    def put(kind, content):
        digest = hashlib.sha256(content).hexdigest()
        place = folder / kind / "sha256" / digest[:2] / digest
        place.mkdir(parents=True, exist_ok=True)
        (place / "data").write_bytes(content)
        return "sha256:" + digest

    def read(descriptor):
        return (layout.folder / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()

    put("manifests", read(entry))
    manifest = json.loads(read(entry))
    for each in [manifest["config"], *manifest["layers"]]:
        put("blobs", read(each))
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    (folder / "manifests/testing").write_text(put("manifests", json.dumps(index).encode()) + "\n")


def build(programs, target, packages, work):
    layout = Layout(target)
    compiled = work / "compiled"
    compiled.mkdir()
    for name in ("pause", "sh"):
        run("gcc", "-Os", "-static", "-s", "-Wl,--build-id=none", "-o", compiled / name, HERE / "images" / (name + ".c"))

    pause = Root(work / "pause", packages)
    pause.file("pause", compiled / "pause", 0o755)
    pause_entry = layout.add(pause, ["registry.k8s.io/pause:" + tag for tag in ("3.10.2", "3.10.1", "3.10", "3.9")],
                             Entrypoint=["/pause"], User="65535:65535")

    packages.unpacked("busybox-static", compiled)
    packages.unpacked("bash-static", compiled)
    program = next(each for each in compiled.rglob("bin/busybox") if each.is_file())
    bash = next(each for each in compiled.rglob("bin/bash-static") if each.is_file())
    busybox = Root(work / "busybox", packages)
    busybox.file("usr/bin/bash-static", bash, 0o755)
    busybox.file("usr/bin/sh", compiled / "sh", 0o755)
    busybox.busybox(program)
    layout.add(busybox, [TESTS + "busybox:1.37.0-1", TESTS + "busybox:1.36.1-1", "docker.io/library/busybox:latest"], Cmd=["sh"])
    layout.add(busybox, [TESTS + "nonroot:1.5"], Cmd=["sh"], User="1234")
    setuid = busybox.copy(work / "nonewprivs")
    setuid.file("usr/local/bin/nnp", programs / "nnp", 0o6755)
    layout.add(setuid, [TESTS + "nonewprivs:1.4"], Cmd=["nnp"])

    nginx = Root(work / "nginx", packages)
    nginx.install(["nginx", "nginx-common", "libc6", "libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g"])
    nginx.busybox(program)
    for each in ("var/cache/nginx", "var/log/nginx", "var/lib/nginx", "usr/share/nginx/html"):
        (nginx.folder / each).mkdir(parents=True, exist_ok=True)
    for each in ("sites-enabled", "modules-enabled"):
        shutil.rmtree(nginx.folder / "etc/nginx" / each)
        (nginx.folder / "etc/nginx" / each).mkdir()
    nginx.text("etc/nginx/conf.d/default.conf", "server { listen 80; location / { root /usr/share/nginx/html; } }\n")
    nginx.text("usr/share/nginx/html/index.html", "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>\n")
    nginx.link("var/log/nginx/access.log", "/dev/stdout")
    nginx.link("var/log/nginx/error.log", "/dev/stderr")
    layout.add(nginx, [TESTS + "nginx:1.15-4", TESTS + "nginx:1.27-0", "docker.io/library/nginx:latest"],
               Cmd=["nginx", "-g", "daemon off;"], ExposedPorts={"80/tcp": {}}, StopSignal="SIGQUIT")

    tools = Root(work / "agnhost", packages)
    tools.install(["libc-bin", *packages.needed_by(TOOLS)])
    tools.link("usr/bin/nc", "nc.openbsd")
    tools.link("usr/bin/sh", "bash")  # busybox's sh would prefer its own nc, which knows no -u
    tools.busybox(program)
    layout.add(tools, [TESTS + "glibc-dns-testing:2.0.0", TESTS + "ipc-utils:1.4"], Cmd=["sh"])
    tools.accounts("user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh\n",
                   "user-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n")
    tools.file("agnhost", programs / "agnhost", 0o755)
    tools.link("agnhost-2", "agnhost")
    tools.link("usr/local/bin/iperf", "/usr/bin/iperf")
    (tools.folder / "uploads").mkdir()
    for each in ("crt", "key"):
        tools.file("localhost." + each, programs / ("localhost." + each), 0o644)
    registry_of_agnhost(layout, pause_entry, tools.folder / "var/registry/pause")
    layout.add(tools, [TESTS + "agnhost:2.63.0"], Entrypoint=["/agnhost"], Cmd=["pause"],
               ExposedPorts={f"{port}/tcp": {} for port in (80, 8080, 8081, 9376, 5000)})
    layout.finish()


def main():
    programs, target = (pathlib.Path(each).resolve() for each in sys.argv[1:3])
    os.umask(0o022)
    making = target.with_name(f"{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        build(programs, making, Packages(target.parent / "debs"), pathlib.Path(work))
    making.rename(target)


main()
