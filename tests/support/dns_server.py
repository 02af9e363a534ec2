"""A DNS server on a loopback port, over UDP and TCP, that answers from a dictionary of records.

It runs in threads of its own, so that a call without `await` that waits for it is answered, too. A long answer is
cut off over UDP, as DNS asks for, and whole over TCP. A name that is not listed does not exist; a `SILENT` one
is never answered.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SILENT: tuple[str, ...] = ()
"""For the records of a name and type: no answer ever comes."""

_UDP_OCTETS = 1232
_TTL_SECONDS = 60


@dataclass
class DnsServer:
    """A server that listens.

    Attributes:
        port: Its port of 127.0.0.1, the same for UDP and TCP.
        records: As in a zone file, by name and type: {("example.org", "MX"): ["10 mail.example.org."]}.
        asked: Each question that came: transport, name, type.
    """

    port: int
    records: Mapping[tuple[str, str], Sequence[str]]
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, wire: bytes, transport: str) -> dns.message.Message | None:
        """Make the answer to a question; None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((transport, name, kind))
        found = self.records.get((name, kind))
        if found is not None and not found:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if found is not None:
            rrset = dns.rrset.from_text_list(question.name, _TTL_SECONDS, "IN", kind, list(found))
            reply.answer.append(rrset)
        elif not any(known == name or known.endswith(f".{name}") for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = self.request
        reply = self.server.dns.answer(wire, "udp")
        if reply is None:
            return
        octets = reply.to_wire(max_size=65_535)
        if len(octets) > _UDP_OCTETS:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            octets = reply.to_wire()
        sock.sendto(octets, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while len(head := self.rfile.read(2)) == 2:
            reply = self.server.dns.answer(self.rfile.read(struct.unpack("!H", head)[0]), "tcp")
            if reply is None:
                return
            octets = reply.to_wire(max_size=65_535)
            self.wfile.write(struct.pack("!H", len(octets)) + octets)


class _Udp(socketserver.ThreadingUDPServer):
    dns: Any
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    dns: Any
    daemon_threads = True


@contextmanager
def dns_server(records: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[DnsServer]:
    """Run a server with these records until the block ends."""
    tcp, udp = _pair()
    state = DnsServer(tcp.server_address[1], records)
    tcp.dns = udp.dns = state
    threads = [threading.Thread(target=each.serve_forever, args=(0.02,)) for each in (tcp, udp)]
    for each in threads:
        each.start()
    try:
        yield state
    finally:
        for server in (tcp, udp):
            server.shutdown()
            server.server_close()
        for each in threads:
            each.join()


def _pair() -> tuple[_Tcp, _Udp]:
    """Bind one port for both transports; it may be taken for one of them."""
    while True:
        tcp = _Tcp(("127.0.0.1", 0), _TcpHandler)
        try:
            return tcp, _Udp(tcp.server_address, _UdpHandler)
        except OSError:
            tcp.server_close()


def resolver_of(server: DnsServer) -> dns.resolver.Resolver:
    """Make dnspython's resolver that asks this server alone."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    return resolver
