"""A service for very large bodies, and one that echoes WebSockets: each in a process of its own."""

import asyncio
import socket
import sys
import threading

from websockets.asyncio.server import serve

BLOCK = bytes((index * 7 + (index >> 8) * 13) & 0xFF for index in range(1 << 20))
"""Every megabyte begins with its number, then goes on with this."""


def megabyte(number):
    return number.to_bytes(8, "big") + BLOCK[8:]


class Check:
    """Compares a stream with the megabytes it should be made of, in whatever pieces it comes."""

    def __init__(self):
        self.size = 0
        self.is_right = True
        self._expected = memoryview(b"")

    def feed(self, data):
        data = memoryview(data)
        while data and self.is_right:
            if not self._expected:
                self._expected = memoryview(megabyte(self.size >> 20))
            piece = min(len(data), len(self._expected))
            self.is_right = data[:piece] == self._expected[:piece]
            self.size += piece
            data, self._expected = data[piece:], self._expected[piece:]


def serve_bodies(port):
    """GET /<megabytes> gives that many; PUT takes them, and tells how many were right."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection):
    with connection, connection.makefile("rb", buffering=1 << 18) as received:
        while line := received.readline():
            method, target, _ = line.split(b" ")
            length = 0
            while (field := received.readline()) != b"\r\n":
                if field.lower().startswith(b"content-length:"):
                    length = int(field.split(b":")[1])
            if method == b"PUT":
                check = Check()
                while check.size < length and check.is_right:
                    check.feed(received.read(min(1 << 20, length - check.size)))
                answer = b"%d %d" % (check.size, check.is_right)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
            else:
                count = int(target[1:])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (count << 20))
                for number in range(count):
                    connection.sendall(megabyte(number))


async def echo_websockets(port):
    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", port, compression=None, ping_interval=None, backlog=2048):
        await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "bodies":
        serve_bodies(int(sys.argv[2]))
    else:
        asyncio.run(echo_websockets(int(sys.argv[2])))
