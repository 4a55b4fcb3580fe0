"""A real S3 server: Ceph's object gateway over one monitor and one store in memory, as Debian packages them.

It takes conditional puts (`If-None-Match: *`) for what they are. rclone's, JuiceFS's and nanio's servers ignore them:
of twenty writers of one ledger entry, all twenty win there.
"""

import shutil
import uuid
from dataclasses import dataclass

from tests.fleet.machines import Machine, wait_for

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph")
BUCKET, KEY, SECRET = "fusar", "fusar-test", "a-secret-of-this-test"
_MEMORY_BYTES = 2 << 30
_CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:{address}:{first},v1:{address}:{second}]
mon initial members = a
public addr = {address}
ms bind ipv6 = false
ms mon client mode = crc
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
osd objectstore = memstore
memstore device bytes = {memory}
osd class load list = *
osd class default list = *
run dir = {folder}
admin socket =
log file = {folder}/$name.log
mon data = {folder}/mon
osd data = {folder}/osd
rgw frontends = beast endpoint={address}:{port} request_timeout_ms=0
"""


def missing_programs() -> str:
    """What has to be installed first; empty where all is there."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"no {', '.join(lacking)}: apt-get install ceph-mon ceph-osd radosgw ceph-common" if lacking else ""


@dataclass(frozen=True)
class ObjectStore:
    """Where the server is, and what opens it."""

    url: str

    @property
    def variables(self) -> dict[str, str]:
        """What every client of S3 reads: boto3, s3fs, DVC and MLflow."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # Ceph of Debian 12 is older than the checksums that boto3 adds on its own.
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }


def start(machine: Machine, port: int, monitor_ports: tuple[int, int] = (3300, 6789)) -> ObjectStore:
    """Start the server with one user and one empty bucket."""
    folder = machine.home / "ceph"
    outside = machine.folder / "ceph"
    for name in ("mon", "osd"):
        (outside / name).mkdir(parents=True)
    fsid, first, second = str(uuid.uuid4()), *monitor_ports
    values = {"fsid": fsid, "first": first, "second": second, "address": machine.address, "port": port}
    text = _CONFIGURATION.format(**values, folder=folder, memory=_MEMORY_BYTES)
    (outside / "ceph.conf").write_text(text)
    conf = ("-c", str(folder / "ceph.conf"))
    addresses = f"[v2:{machine.address}:{first},v1:{machine.address}:{second}]"
    monmap = str(folder / "monmap")
    machine.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", addresses, monmap)
    machine.run("ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", monmap)
    machine.start("ceph-mon", "ceph-mon", *conf, "-i", "a", "-f")
    osd = str(uuid.uuid4())
    machine.run("ceph", *conf, "--connect-timeout", "120", "osd", "new", osd)
    machine.run("ceph-osd", *conf, "-i", "0", "--mkfs", "--osd-uuid", osd)
    machine.run("ceph", *conf, "osd", "crush", "add", "osd.0", "1.0", "host=one", "root=default")
    machine.start("ceph-osd", "ceph-osd", *conf, "-i", "0", "-f")
    gateway = ("-n", "client.gateway", "--ms-mon-client-mode", "crc")  # the gateway insists on encryption otherwise
    machine.start("radosgw", "radosgw", *conf, *gateway, "-f")
    user = ("user", "create", "--uid", "fusar", "--display-name", "fusar", "--access-key", KEY, "--secret", SECRET)
    machine.run("radosgw-admin", *conf, "-n", "client.gateway", *user)
    store = ObjectStore(f"http://{machine.address}:{port}")
    wait_for(lambda: machine.listens(port), f"the object store; see {outside}")
    make = f"import boto3; boto3.client('s3').create_bucket(Bucket={BUCKET!r})"
    variables = store.variables
    wait_for(lambda: machine.run("python", "-c", make, check=False, **variables).returncode == 0, "the bucket")
    return store
