"""Debian's rsyslog and syslog-ng on loopback: what they received, as they understood it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.journeys.gateway import until
from tests.ports import free_port

_UNPACKED = Path(sys.executable).parent.parent / "peers" / "syslog-ng-core"

RSYSLOG = """\
global(workDirectory="{folder}" maxMessageSize="512k" parser.escapeControlCharactersOnReceive="off"
       DefaultNetstreamDriverCAFile="{files.ca}" DefaultNetstreamDriverCertFile="{files.cert}"
       DefaultNetstreamDriverKeyFile="{files.key}")
module(load="imtcp")
module(load="imudp")
module(load="mmpstrucdata")
template(name="parsed" type="list") {{
  property(name="$!all-json") constant(value="\\n")
}}
ruleset(name="store") {{
  action(type="mmpstrucdata" sd_name.lowercase="off")
  set $!pri = $pri;
  set $!time = $timereported;
  set $!host = $hostname;
  set $!app = $app-name;
  set $!msgid = $msgid;
  set $!text = $msg;
  action(type="omfile" file="{folder}/parsed" template="parsed" asyncWriting="off" flushOnTXEnd="on")
}}
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="store")
input(type="imtcp" address="127.0.0.1" port="{tls}" ruleset="store"
      StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="{auth}")
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="store")
"""

SYSLOG_NG = """\
@version: 3.38
options {{ keep-hostname(yes); use-dns(no); log-msg-size(524288); stats-freq(0); flush-lines(1); }};
source plain {{ syslog(ip("127.0.0.1") port({tcp}) transport("tcp")); }};
source secured {{
  syslog(ip("127.0.0.1") port({tls}) transport("tls")
    tls(key-file("{files.key}") cert-file("{files.cert}") ca-file("{files.ca}") peer-verify({verify})));
}};
destination store {{
  file("{folder}/parsed"
    template("$(format-json --key .SDATA.* pri=$PRI host=$HOST app=$PROGRAM msgid=$MSGID text=$MSG)\\n"));
}};
log {{ source(plain); source(secured); destination(store); }};
"""


class Peer:
    """A started collector."""

    def __init__(self, folder, files):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.files = folder, files
        self.tcp, self.tls, self.udp = free_port(), free_port(), free_port()
        self.parsed = folder / "parsed"
        self.process = None

    def start(self):
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(
                self.command(), stdout=said, stderr=said, env=self.environment(), cwd=self.folder
            )
        until(lambda: self._listens(self.tcp) and self._listens(self.tls), what=f"{self.folder}/said")
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)

    def environment(self):
        return dict(os.environ)

    def entries(self):
        """What it wrote down, parsed."""
        text = self.parsed.read_text(errors="surrogateescape") if self.parsed.exists() else ""
        return [self.read(json.loads(each)) for each in text.split("\n")[:-1]]

    def wait_for(self, count):
        return until(lambda: len(found := self.entries()) >= count and found, what=f"{count} messages")

    def _listens(self, port):
        assert self.process.poll() is None, (self.folder / "said").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False


class Rsyslog(Peer):
    def __init__(self, folder, files, *, auth="anon"):
        super().__init__(folder, files)
        self.config = folder / "rsyslog.conf"
        self.config.write_text(
            RSYSLOG.format(folder=folder, files=files, tcp=self.tcp, tls=self.tls, udp=self.udp, auth=auth)
        )

    def command(self):
        return ["/usr/sbin/rsyslogd", "-n", "-f", str(self.config), "-i", str(self.folder / "pid")]

    @staticmethod
    def read(parsed):
        """Fields by element, and the rest."""
        data = parsed.pop("rfc5424-sd", {})
        return parsed | {"data": data}


class SyslogNG(Peer):
    def __init__(self, folder, files, *, verify="optional-untrusted"):
        super().__init__(folder, files)
        self.config = folder / "syslog-ng.conf"
        self.config.write_text(
            SYSLOG_NG.format(folder=folder, files=files, tcp=self.tcp, tls=self.tls, verify=verify)
        )

    def environment(self):
        libraries = _UNPACKED / "usr" / "lib"
        path = f"{libraries}/x86_64-linux-gnu:{libraries}/syslog-ng"
        return super().environment() | {"LD_LIBRARY_PATH": path}

    def command(self):
        state = self.folder / "state"
        return [
            str(_UNPACKED / "usr" / "sbin" / "syslog-ng"),
            "--foreground",
            "--stderr",
            f"--cfgfile={self.config}",
            f"--module-path={_UNPACKED}/usr/lib/syslog-ng/3.38",
            f"--persist-file={state}.persist",
            f"--control={state}.ctl",
            f"--pidfile={state}.pid",
        ]

    @staticmethod
    def read(parsed):
        # Dots in names become objects inside objects.
        elements = parsed.pop("_SDATA", None) or parsed.pop(".SDATA", {})
        return parsed | {"data": {name: dict(_flat(fields)) for name, fields in elements.items()}}


def _flat(value, prefix=""):
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _flat(each, f"{prefix}{name}.")
        else:
            yield prefix + name, each
