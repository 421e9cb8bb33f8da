"""An HTTP/1.1 server that goes wrong in the way that the path asks for.

usage: fault_server.py PORT_FILE

Listens on a free port of 127.0.0.1, which it writes into PORT_FILE. Byte i of every body is (i * 31 + 7) % 251.

/bytes/N             N bytes, as they should be
/echo/...            the request's head and body as the answer's body
/short/N/M           announces N bytes, closes after M
/reset/N/M           announces N bytes, resets the connection after M
/stall/N/M           announces N bytes, sends M, then nothing
/silent              never answers
/sip/N/MS            takes N bytes of the request's body every MS milliseconds, none where N is 0, then answers
/drip/N/MS           N bytes, one every MS milliseconds
/status/CODE/N       that status with N bytes
/head/N              a head of N bytes and more
/chunked/N           N bytes in chunks, without Content-Length
/chunkedshort/N      the same, closed before the last chunk
/longer/N/M          announces N bytes, sends M > N
/headdrip/MS         a line of a head every MS milliseconds, for ever
/interims/MS         an interim answer (102) every MS milliseconds, for ever
/interim/N           an interim answer (103) before the real one
/garbage             something that is not HTTP
/nothing             closes without a byte
/open                the number of open connections
"""

import asyncio
import os
import socket
import struct
import sys

PATTERN = bytes((i * 31 + 7) % 251 for i in range(251))
open_connections = set()


def body(start, count):
    first = start % 251
    return (PATTERN * (count // 251 + 2))[first:first + count]


def head(status, length=None, *lines):
    lines = [f"HTTP/1.1 {status} Status", *lines]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def answer(path, raw, reader, writer):
    """Answers one request; False closes the connection."""
    parts = path.decode("latin-1").split("/")
    kind, numbers = parts[1], parts[2:]

    def number(i):
        return int(numbers[i])

    if kind == "bytes":
        writer.write(head(200, number(0)) + body(0, number(0)))
    elif kind == "echo":
        writer.write(head(200, len(raw)) + raw)
    elif kind in ("short", "reset", "stall"):
        writer.write(head(200, number(0)) + body(0, number(1)))
        await writer.drain()
        if kind == "stall":
            await reader.read(1)
        if kind == "reset":
            await asyncio.sleep(0.05)
            option = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            writer.transport.abort()
        return False
    elif kind == "silent":
        await reader.read(1)
        return False
    elif kind == "drip":
        writer.write(head(200, number(0)))
        for i in range(number(0)):
            writer.write(body(i, 1))
            await writer.drain()
            await asyncio.sleep(number(1) / 1000)
    elif kind == "status":
        writer.write(head(number(0), number(1)) + body(0, number(1)))
    elif kind == "head":
        lines = [f"X-Filler-{i}: " + "x" * 1000 for i in range(number(0) // 1000 + 1)]
        writer.write(head(200, 0, *lines))
    elif kind in ("chunked", "chunkedshort"):
        writer.write(head(200, None, "Transfer-Encoding: chunked"))
        for start in range(0, number(0), 1000):
            chunk = body(start, min(1000, number(0) - start))
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if kind == "chunkedshort":
            return False
        writer.write(b"0\r\n\r\n")
    elif kind == "longer":
        writer.write(head(200, number(0)) + body(0, number(1)))
    elif kind == "headdrip":
        writer.write(b"HTTP/1.1 200 Status\r\n")
        while True:
            writer.write(b"X-More: x\r\n")
            await writer.drain()
            await asyncio.sleep(number(0) / 1000)
    elif kind == "interims":
        while True:
            writer.write(head(102))
            await writer.drain()
            await asyncio.sleep(number(0) / 1000)
    elif kind == "interim":
        writer.write(head(103, None, "X-Which: interim") + head(200, number(0), "X-Which: final") + body(0, number(0)))
    elif kind == "garbage":
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        return False
    elif kind == "nothing":
        return False
    elif kind == "open":
        text = str(len(open_connections)).encode()
        writer.write(head(200, len(text)) + text)
    else:
        writer.write(head(404, 0))
    await writer.drain()
    return True


async def sip(raw, reader, count, pace):
    """Reads a request's body slowly."""
    lines = [line.partition(b":") for line in raw.split(b"\r\n")]
    left = sum(int(value) for name, _, value in lines if name.lower() == b"content-length")
    while left:
        await asyncio.sleep(pace)
        if count:
            left -= len(await reader.readexactly(min(count, left)))


async def serve(reader, writer):
    open_connections.add(writer)
    try:
        while True:
            raw = await reader.readuntil(b"\r\n\r\n")
            path = raw.split(b" ")[1]
            if path.startswith(b"/sip/"):
                count, milliseconds = path.split(b"/")[2:]
                await sip(raw, reader, int(count), int(milliseconds) / 1000)
                writer.write(head(200, 0))
                continue
            for line in raw.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    raw += await reader.readexactly(int(value))
            if not await answer(path, raw, reader, writer):
                break
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        open_connections.discard(writer)
        writer.close()


async def main():
    listener = socket.socket()
    # What the system takes nobody has read: little of it, so that who sends can see how slowly that goes.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(serve, sock=listener)
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    await server.serve_forever()


asyncio.run(main())
