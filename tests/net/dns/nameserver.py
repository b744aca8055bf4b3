"""A name server on loopback: UDP, TCP and TLS, with a zone that tests write."""

import asyncio
import contextlib
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SIGNATURE = "A 13 2 300 20380101000000 20250101000000 1 example.test. AAAA"
SOA = "ns.example.test. root.example.test. 1 3600 600 86400 7"


class NameServer:
    """Knows `zone`: name to type to (ttl, values). What it does besides is set by attributes."""

    def __init__(self):
        self.zone = {}
        self.asked = []
        self.by_tcp = 0
        self.is_silent = False
        self.is_signed = False
        self.validates = False
        self.rcode = None
        self.spoil = None
        """Makes other bytes of an answer."""
        self.is_truncating = False
        self.held = None
        """An event that answers wait for."""
        self.port = 0
        self._closing = []

    def add(self, name, *addresses, ttl=300):
        for address in addresses:
            kind = "AAAA" if ":" in address else "A"
            self.zone.setdefault(name, {}).setdefault(kind, (ttl, []))[1].append(address)

    async def start(self, *, tls=None, host="127.0.0.1"):
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._stream, host, 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(host, self.port)
        )
        self._closing = [server, transport]
        return self

    def stop(self):
        for each in self._closing:
            each.close()

    async def reply(self, data, *, is_datagram):
        if self.held is not None:
            await self.held.wait()
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.asked.append((name, kind))
        if self.is_silent:
            return b""
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if self.validates and question.ednsflags & dns.flags.DO:
            answer.flags |= dns.flags.AD
        if self.rcode is not None:
            answer.set_rcode(self.rcode)
        elif is_datagram and self.is_truncating:
            answer.flags |= dns.flags.TC
        else:
            self._fill(answer, question.question[0].name, kind)
        wire = answer.to_wire()
        return self.spoil(wire) if self.spoil is not None else wire

    def _fill(self, answer, name, kind):
        text = name.to_text(omit_final_dot=True)
        for _ in range(40):
            target = self.zone.get(text, {}).get("CNAME")
            if target is None:
                break
            answer.answer.append(dns.rrset.from_text(text + ".", target[0], "IN", "CNAME", target[1]))
            text = target[1].rstrip(".")
        known = self.zone.get(text)
        if known is None and not answer.answer:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        ttl, values = (known or {}).get(kind, (0, ()))
        if values:
            answer.answer.append(dns.rrset.from_text(text + ".", ttl, "IN", kind, *values))
        else:
            answer.authority.append(dns.rrset.from_text("test.", 300, "IN", "SOA", SOA))
        if self.is_signed:
            answer.answer.append(dns.rrset.from_text(text + ".", 300, "IN", "RRSIG", SIGNATURE))

    async def _stream(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                self.by_tcp += 1
                wire = await self.reply(await reader.readexactly(size), is_datagram=False)
                writer.write(struct.pack("!H", len(wire)) + wire)
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server
        self.tasks = set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        task = asyncio.get_running_loop().create_task(self._answer(data, address))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, data, address):
        wire = await self.server.reply(data, is_datagram=True)
        for each in wire if isinstance(wire, list) else [wire]:
            if each and not self.transport.is_closing():
                self.transport.sendto(each, address)
